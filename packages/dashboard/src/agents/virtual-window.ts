/** Where each item of a list begins; one entry more than items, the last is the whole height. */
export function itemOffsets(count: number, heightOf: (index: number) => number): Float64Array {
  const offsets = new Float64Array(count + 1)
  for (let index = 0; index < count; index++) offsets[index + 1] = (offsets[index] ?? 0) + heightOf(index)
  return offsets
}

/** First item that reaches below `topPx`. */
function itemAt(offsets: Float64Array, topPx: number): number {
  let low = 0
  let high = offsets.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((offsets[middle + 1] ?? Number.POSITIVE_INFINITY) > topPx) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * The items to be drawn: those that touch the viewport and `overscan` more on both sides. `end` is
 * exclusive. `topPx` is the distance from the list's top to the viewport's; negative above the list.
 */
export function visibleItems(options: {
  offsets: Float64Array
  topPx: number
  viewportPx: number
  overscan: number
}): { start: number; end: number } {
  const { offsets, topPx, viewportPx, overscan } = options
  const count = offsets.length - 1
  const bottomPx = topPx + viewportPx
  if (count === 0 || bottomPx <= 0) return { start: 0, end: Math.min(count, overscan) }
  const start = Math.max(0, itemAt(offsets, Math.max(0, topPx)) - overscan)
  const end = Math.min(count, itemAt(offsets, bottomPx) + 1 + overscan)
  return { start: Math.min(start, count), end }
}

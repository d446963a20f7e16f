import type { ListItem } from './agent-list.ts'

/**
 * Arrow keys (and j, k) go from row to row, over the edge of what is drawn: the page is scrolled first, and
 * the row takes the focus when it has been drawn.
 */
export function moveFocus(options: {
  event: KeyboardEvent
  items: readonly ListItem[]
  offsets: Float64Array
  body: HTMLElement
}): void {
  const { event, items, offsets, body } = options
  const step =
    event.key === 'ArrowDown' || event.key === 'j' ? 1 : event.key === 'ArrowUp' || event.key === 'k' ? -1 : 0
  if (step === 0 || event.ctrlKey || event.metaKey || event.altKey) return
  const row = (event.target as HTMLElement).closest('tr')
  if (!row) return
  event.preventDefault()
  // `aria-rowindex` counts from 1 and counts the headings.
  const place = Number(row.getAttribute('aria-rowindex')) - 2 + step
  if (place < 0 || place >= items.length) return
  scrollToItem({ body, topPx: offsets[place] ?? 0, bottomPx: offsets[place + 1] ?? 0 })
  requestAnimationFrame(() => {
    const next = body.querySelector<HTMLElement>(`tr[aria-rowindex="${place + 2}"]`)
    next?.querySelector<HTMLElement>('a, button')?.focus({ preventScroll: true })
  })
}

/** Height of what sticks to the top: header and column headings, with a row's height to spare. */
const coveredPx = 130
const marginPx = 48

function scrollToItem({
  body,
  topPx,
  bottomPx,
}: {
  body: HTMLElement
  topPx: number
  bottomPx: number
}): void {
  const bodyPx = body.getBoundingClientRect().top
  if (bodyPx + topPx < coveredPx) scrollBy(0, bodyPx + topPx - coveredPx)
  else if (bodyPx + bottomPx > innerHeight - marginPx) scrollBy(0, bodyPx + bottomPx - innerHeight + marginPx)
}

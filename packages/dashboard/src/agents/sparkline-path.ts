import { type Ring, readRing, ringSlotMs, ringSlots } from '../live/ring.ts'

/** Size of the drawing in its own units: a slot is one wide. */
export const sparklineWidth = ringSlots - 1
export const sparklineHeight = 18

/**
 * One line as an SVG path, its right edge at `newestSlot`. Zero is at the bottom; the top is the greatest
 * value or `ceiling`, whichever is more, so that a small ripple does not look like a mountain. Reports that
 * come every `reportIntervalMs` are joined; where more than two and a half of them are missing the line has
 * a gap.
 */
export function sparklinePath(options: {
  ring: Ring
  newestSlot: number
  ceiling: number
  reportIntervalMs: number | null
}): string {
  const { ring, newestSlot, ceiling, reportIntervalMs } = options
  const widestJoin = Math.max(2, Math.ceil(((reportIntervalMs ?? 0) * 2.5) / ringSlotMs))
  const first = newestSlot - ringSlots + 1
  let top = ceiling
  for (let slot = first; slot <= newestSlot; slot++) {
    const value = readRing(ring, slot)
    if (value > top) top = value
  }
  let path = ''
  let lastSlot = Number.NEGATIVE_INFINITY
  for (let slot = first; slot <= newestSlot; slot++) {
    const value = readRing(ring, slot)
    if (Number.isNaN(value)) continue
    const height = sparklineHeight - (top > 0 ? (Math.max(0, value) / top) * sparklineHeight : 0)
    const point = `${slot - first} ${Math.round(height * 10) / 10}`
    const joined = slot - lastSlot <= widestJoin
    // A lone point would be invisible: `h0` with round line ends makes it a dot.
    path += joined ? `L${point}` : `M${point}h0`
    lastSlot = slot
  }
  return path
}

/** Slots of one ring: 60 slots of 5 s are the last 5 minutes, one pixel or so each in a sparkline. */
export const ringSlots = 60
export const ringSlotMs = 5_000

/** The last five minutes of one vital sign. `NaN` = nothing was said in that slot. */
export interface Ring {
  readonly values: Float32Array
  /** Number of the newest written slot (`timeMs / ringSlotMs`, floored); -1 = nothing written. */
  newestSlot: number
  /** Grows with every write, so that a drawing knows when it is out of date. */
  version: number
}

export function createRing(): Ring {
  return { values: new Float32Array(ringSlots).fill(Number.NaN), newestSlot: -1, version: 0 }
}

export function slotAt(timeMs: number): number {
  return Math.floor(timeMs / ringSlotMs)
}

/**
 * Writes one value. The last value of a slot wins; `null` moves time on and leaves a gap. A time older than
 * the ring is ignored.
 */
export function writeRing(ring: Ring, timeMs: number, value: number | null): void {
  const slot = slotAt(timeMs)
  if (slot <= ring.newestSlot - ringSlots || slot < 0) return
  if (slot > ring.newestSlot) {
    // Slots that were skipped hold values of five minutes ago: they become gaps.
    const first = Math.max(ring.newestSlot + 1, slot - ringSlots + 1)
    for (let skipped = first; skipped <= slot; skipped++) ring.values[skipped % ringSlots] = Number.NaN
    ring.newestSlot = slot
  }
  if (value !== null) ring.values[slot % ringSlots] = value
  ring.version++
}

/** Value of one slot, `NaN` when the ring does not hold it. */
export function readRing(ring: Ring, slot: number): number {
  if (slot > ring.newestSlot || slot <= ring.newestSlot - ringSlots || slot < 0) return Number.NaN
  return ring.values[slot % ringSlots] ?? Number.NaN
}

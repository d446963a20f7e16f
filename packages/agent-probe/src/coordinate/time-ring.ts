/** Messages under way whose times are remembered. */
const places = 256

/** Bytes of a ring: the number of the last message, and the times of the last ones. */
export const ringBytes = (1 + places) * Float64Array.BYTES_PER_ELEMENT

/** Times of sending in memory that two threads share: the sender writes, the receiver reads, nothing is sent. */
export interface TimeRing {
  /** Message number `count`, from 1 on, is sent now. */
  write(count: number, atMs: number): void
  /** When it was sent; absent when nobody wrote it, or too many came after it. */
  read(count: number): number | undefined
}

export const openTimeRing = (memory: SharedArrayBuffer): TimeRing => {
  const cells = new Float64Array(memory)
  return {
    write(count, atMs) {
      cells[1 + (count % places)] = atMs
      cells[0] = count
    },
    read(count) {
      const last = cells[0]!
      if (count > last || last - count >= places) return undefined
      // Zero: sent before this ring was known to the sender.
      return cells[1 + (count % places)] || undefined
    },
  }
}

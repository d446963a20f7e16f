/** Most significant bit first. Values are whole numbers from 0 to 2^53, of at most 53 bits. */
export interface BitWriter {
  write(value: number, bits: number): void
  /** What was written, the last byte filled up with zeros. A copy. */
  finish(): Uint8Array
  reset(): void
}

/** One is used for many columns: its memory grows to the longest and stays. */
export const createBitWriter = (): BitWriter => {
  let bytes = new Uint8Array(4096)
  let at = 0
  let held = 0
  let heldBits = 0

  const write = (value: number, bits: number): void => {
    // 7 bits that wait and 24 more are what a signed 32-bit word holds.
    if (bits > 24) {
      write(Math.floor(value / 0x100_0000), bits - 24)
      write(value % 0x100_0000, 24)
      return
    }
    if (at + 4 > bytes.length) {
      const longer = new Uint8Array(bytes.length * 2)
      longer.set(bytes)
      bytes = longer
    }
    held = (held << bits) | value
    heldBits += bits
    while (heldBits >= 8) {
      heldBits -= 8
      bytes[at++] = held >>> heldBits
    }
    held &= (1 << heldBits) - 1
  }

  return {
    write,
    finish() {
      const end = heldBits > 0 ? at + 1 : at
      if (heldBits > 0) bytes[at] = held << (8 - heldBits)
      return bytes.slice(0, end)
    },
    reset() {
      at = 0
      held = 0
      heldBits = 0
    },
  }
}

export interface BitReader {
  read(bits: number): number
  /** Counts zeros up to the next one and takes that too; at `most` zeros it stops, and takes no one. */
  zeros(most: number): number
}

/** Throws a RangeError where the bytes end early. */
export const createBitReader = (bytes: Uint8Array, start: number, end: number): BitReader => {
  let at = start
  let held = 0
  let heldBits = 0

  const load = (): void => {
    if (at >= end) throw new RangeError('block ends in the middle of a column')
    held = (held << 8) | bytes[at++]!
    heldBits += 8
  }

  const read = (bits: number): number => {
    if (bits > 24) {
      const high = read(bits - 24)
      return high * 0x100_0000 + read(24)
    }
    while (heldBits < bits) load()
    heldBits -= bits
    const value = held >>> heldBits
    held &= (1 << heldBits) - 1
    return value
  }

  return {
    read,
    zeros(most) {
      let zeros = 0
      for (;;) {
        if (heldBits === 0) load()
        const leading = held === 0 ? heldBits : Math.clz32(held) - (32 - heldBits)
        if (zeros + leading >= most) {
          heldBits -= most - zeros
          return most
        }
        zeros += leading
        heldBits -= leading
        if (heldBits > 0) {
          heldBits -= 1
          held &= (1 << heldBits) - 1
          return zeros
        }
      }
    },
  }
}

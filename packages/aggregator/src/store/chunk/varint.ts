/** A place in a run of bytes. Reading and writing move `at`. */
export interface ByteCursor {
  readonly bytes: Uint8Array
  at: number
}

/** Longest varint this file writes: 53 bits, 7 per byte. */
export const maxVarintBytes = 8

/**
 * Largest magnitude whose difference of differences still fits a double's 53 bits once zigzag doubled it:
 * |a - b| <= 2^51, |(a - b) - (b - c)| <= 2^52, zigzag <= 2^53.
 */
export const maxDeltaInteger = 2 ** 50

/** 0, -1, 1, -2, 2 ... become 0, 1, 2, 3, 4 ...: small magnitudes of either sign take few bytes. */
export const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1)

export const unzigzag = (code: number): number => (code % 2 === 0 ? code / 2 : -(code + 1) / 2)

/** Bytes that {@link writeVarint} takes for a whole number from 0 to 2^53. */
export const varintBytes = (value: number): number => {
  let bytes = 1
  for (let bound = 128; value >= bound; bound *= 128) bytes += 1
  return bytes
}

/** LEB128 of a whole number from 0 to 2^53: seven bits per byte, lowest first. */
export const writeVarint = (cursor: ByteCursor, value: number): void => {
  const { bytes } = cursor
  let rest = value
  // Bit operators know 32 bits only; the division is for what is above.
  while (rest >= 0x8000_0000) {
    const high = Math.floor(rest / 128)
    bytes[cursor.at++] = (rest - high * 128) | 0x80
    rest = high
  }
  while (rest >= 0x80) {
    bytes[cursor.at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[cursor.at++] = rest
}

/** Throws a RangeError where the bytes end early or the number is longer than any that was written. */
export const readVarint = (cursor: ByteCursor): number => {
  const { bytes } = cursor
  let value = 0
  let scale = 1
  for (let length = 0; length < maxVarintBytes; length += 1) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) throw new RangeError('chunk ends in the middle of a number')
    if (byte < 0x80) return value + byte * scale
    value += (byte & 0x7f) * scale
    scale *= 128
  }
  throw new RangeError('chunk holds a number of more than 53 bits')
}

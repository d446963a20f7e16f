import type { ByteCursor } from './varint.ts'

/** The bits of doubles as pairs of 32-bit words. Which of the two comes first is the machine's byte order. */
export const wordsOf = (doubles: Float64Array): Uint32Array =>
  new Uint32Array(doubles.buffer, doubles.byteOffset, doubles.length * 2)

/** Offset of a double's high word in {@link wordsOf}; the low one is at `1 - highWord`. */
export const highWord = new Uint32Array(new Float64Array([1]).buffer)[1] === 0 ? 0 : 1

const one = new Float64Array(1)
const oneWords = wordsOf(one)

/** Big-endian, on every machine. */
export const writeDouble = (cursor: ByteCursor, value: number): void => {
  one[0] = value
  writeWords(cursor, oneWords[highWord]!, oneWords[1 - highWord]!, 0, 8)
}

export const readDouble = (cursor: ByteCursor): number => {
  readWords(cursor, oneWords, 0, 0, 8)
  return one[0]!
}

/** Writes `length` of the eight bytes of a double's two words, from the `skip`-th most significant on. */
export const writeWords = (
  cursor: ByteCursor,
  high: number,
  low: number,
  skip: number,
  length: number,
): void => {
  for (let index = skip; index < skip + length; index += 1) {
    cursor.bytes[cursor.at++] = index < 4 ? high >>> (24 - 8 * index) : low >>> (56 - 8 * index)
  }
}

/** Turns {@link writeWords} round: sets the two words of double number `position`, missing bytes being 0. */
export const readWords = (
  cursor: ByteCursor,
  words: Uint32Array,
  position: number,
  skip: number,
  length: number,
): void => {
  if (cursor.at + length > cursor.bytes.length) throw new RangeError('chunk ends in the middle of a value')
  let high = 0
  let low = 0
  for (let index = skip; index < skip + length; index += 1) {
    const byte = cursor.bytes[cursor.at++]!
    if (index < 4) high |= byte << (24 - 8 * index)
    else low |= byte << (56 - 8 * index)
  }
  words[position * 2 + highWord] = high
  words[position * 2 + 1 - highWord] = low
}

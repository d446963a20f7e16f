import { highWord } from '../chunk/float-bits.ts'
import type { BitReader, BitWriter } from './bits.ts'

/**
 * Doubles that are no short decimals, quotients mostly, as the bits in which each differs from the one before
 * (Pelkonen et al., "Gorilla", VLDB 2015, section 4.1.2): 0 for the same value; 10 and the bits of the last window;
 * 11, five bits of leading zeros, six of length less one, and the bits. A window is left when a new one,
 * with its eleven bits, is shorter.
 */
export const writeXor = (writer: BitWriter, words: Uint32Array, count: number): void => {
  let previousHigh = 0
  let previousLow = 0
  let windowLeading = 65
  let windowTrailing = 0
  for (let index = 0; index < count; index += 1) {
    const nextHigh = words[index * 2 + highWord]!
    const nextLow = words[index * 2 + 1 - highWord]!
    const high = (nextHigh ^ previousHigh) >>> 0
    const low = (nextLow ^ previousLow) >>> 0
    previousHigh = nextHigh
    previousLow = nextLow
    if (high === 0 && low === 0) {
      writer.write(0, 1)
      continue
    }
    const leading = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high))
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
    const length = 64 - leading - trailing
    const windowLength = 64 - windowLeading - windowTrailing
    const fits = leading >= windowLeading && trailing >= windowTrailing && windowLength <= length + 11
    if (!fits) {
      windowLeading = leading
      windowTrailing = trailing
    }
    writer.write(fits ? 2 : 3, 2)
    if (!fits) writer.write(leading * 64 + length - 1, 11)
    writeWindow(writer, high, low, fits ? windowLength : length, windowTrailing)
  }
}

const writeWindow = (
  writer: BitWriter,
  high: number,
  low: number,
  length: number,
  trailing: number,
): void => {
  if (trailing >= 32) {
    writer.write(high >>> (trailing - 32), length)
    return
  }
  const lowBits = Math.min(length, 32 - trailing)
  if (length > lowBits) writer.write(high, length - lowBits)
  writer.write(low >>> trailing, lowBits)
}

/** Sets the words of `count` doubles. */
export const readXor = (reader: BitReader, words: Uint32Array, count: number): void => {
  let high = 0
  let low = 0
  let length = 0
  let trailing = 0
  for (let index = 0; index < count; index += 1) {
    if (reader.read(1) === 1) {
      if (reader.read(1) === 1) {
        const window = reader.read(11)
        length = (window & 63) + 1
        trailing = 64 - (window >>> 6) - length
      }
      if (length === 0 || trailing < 0) throw new RangeError('block has a value of more than 64 bits')
      if (trailing >= 32) high ^= reader.read(length) << (trailing - 32)
      else {
        const lowBits = Math.min(length, 32 - trailing)
        if (length > lowBits) high ^= reader.read(length - lowBits)
        low ^= reader.read(lowBits) << trailing
      }
    }
    words[index * 2 + highWord] = high
    words[index * 2 + 1 - highWord] = low
  }
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word)

import { decimalExponent, powersOfTen } from '@perfmon/core/query'
import { highWord, readWords, wordsOf, writeDouble, writeWords } from './float-bits.ts'
import { type ByteCursor, readVarint, unzigzag, varintBytes, writeVarint, zigzag } from './varint.ts'

/**
 * Five ways to write values, each exact to the bit; the shortest that fits is taken.
 *
 * - `constant`: the one value.
 * - `delta`, `deltaOfDelta`: every value is a whole number of 10^-e, as most measured things are (bytes,
 *   requests, 0.25 s). Counters under steady load are shortest by the difference of differences.
 * - `xor`: like Gorilla (Pelkonen et al., VLDB 2015) but by whole bytes: shares and quotients keep their sign
 *   and exponent, and bytes are four times faster to write here than bits.
 * - `raw`: noise, and small chunks of it.
 */
const form = { constant: 0, delta: 1, deltaOfDelta: 2, xor: 3, raw: 4 } as const

/** Values as whole numbers while one column is written, used again for the next. */
let scratch = new Float64Array(128)

export const maxValueColumnBytes = (count: number): number => 17 + 9 * count

export const writeValueColumn = (cursor: ByteCursor, values: Float64Array, count: number): void => {
  const words = wordsOf(values)
  if (isConstant(words, count)) {
    cursor.bytes[cursor.at++] = form.constant
    writeDouble(cursor, values[0]!)
    return
  }
  const exponent = decimalExponent(values, count)
  if (exponent !== undefined) {
    if (scratch.length < count) scratch = new Float64Array(count)
    const integers = scratch
    const scale = powersOfTen[exponent]!
    for (let index = 0; index < count; index += 1) integers[index] = Math.round(values[index]! * scale)
    const shortest = shortestOrder(integers, count)
    if (shortest.bytes <= 8 * count) {
      cursor.bytes[cursor.at++] = shortest.order === 1 ? form.delta : form.deltaOfDelta
      cursor.bytes[cursor.at++] = exponent
      writeDifferences(cursor, integers, count, shortest.order)
      return
    }
  }
  const startAt = cursor.at
  cursor.bytes[cursor.at++] = form.xor
  writeXor(cursor, words, count)
  if (cursor.at - startAt <= 1 + 8 * count) return
  cursor.at = startAt
  cursor.bytes[cursor.at++] = form.raw
  for (let index = 0; index < count; index += 1) writeDouble(cursor, values[index]!)
}

export const readValueColumn = (cursor: ByteCursor, count: number): Float64Array => {
  const name = cursor.bytes[cursor.at++]
  const values = new Float64Array(count)
  if (name === form.constant) {
    const words = wordsOf(values)
    readWords(cursor, words, 0, 0, 8)
    // Copied as words: a NaN's payload is not promised to survive a trip through a number.
    for (let index = 2; index < words.length; index += 1) words[index] = words[index % 2]!
  } else if (name === form.delta || name === form.deltaOfDelta) {
    readDifferences(cursor, values, name === form.delta ? 1 : 2)
  } else if (name === form.xor) {
    readXor(cursor, wordsOf(values), count)
  } else if (name === form.raw) {
    const words = wordsOf(values)
    for (let index = 0; index < count; index += 1) readWords(cursor, words, index, 0, 8)
  } else {
    throw new RangeError(`chunk has values of unknown form ${name}`)
  }
  return values
}

const isConstant = (words: Uint32Array, count: number): boolean => {
  for (let index = 2; index < count * 2; index += 1) if (words[index] !== words[index % 2]) return false
  return true
}

const shortestOrder = (integers: Float64Array, count: number): { order: 1 | 2; bytes: number } => {
  let first = 0
  let second = 0
  let previous = 0
  let previousDelta = 0
  for (let index = 0; index < count; index += 1) {
    const integer = integers[index]!
    const delta = integer - previous
    first += varintBytes(zigzag(delta))
    second += varintBytes(zigzag(delta - previousDelta))
    previous = integer
    previousDelta = delta
  }
  return first <= second ? { order: 1, bytes: first } : { order: 2, bytes: second }
}

const writeDifferences = (cursor: ByteCursor, integers: Float64Array, count: number, order: 1 | 2): void => {
  let previous = 0
  let previousDelta = 0
  for (let index = 0; index < count; index += 1) {
    const integer = integers[index]!
    const delta = integer - previous
    writeVarint(cursor, zigzag(order === 1 ? delta : delta - previousDelta))
    previous = integer
    previousDelta = delta
  }
}

const readDifferences = (cursor: ByteCursor, values: Float64Array, order: 1 | 2): void => {
  const scale = powersOfTen[cursor.bytes[cursor.at++] ?? Number.NaN]
  if (scale === undefined) throw new RangeError('chunk has values of an unknown power of ten')
  let integer = 0
  let delta = 0
  for (let index = 0; index < values.length; index += 1) {
    const difference = unzigzag(readVarint(cursor))
    delta = order === 1 ? difference : delta + difference
    integer += delta
    values[index] = integer / scale
  }
}

/** Per value one byte `skipped * 16 + length`, then the bytes that differ from the value before; 0 for none. */
const writeXor = (cursor: ByteCursor, words: Uint32Array, count: number): void => {
  let previousHigh = 0
  let previousLow = 0
  for (let index = 0; index < count; index += 1) {
    const nextHigh = words[index * 2 + highWord]!
    const nextLow = words[index * 2 + 1 - highWord]!
    const high = (nextHigh ^ previousHigh) >>> 0
    const low = (nextLow ^ previousLow) >>> 0
    previousHigh = nextHigh
    previousLow = nextLow
    if (high === 0 && low === 0) {
      cursor.bytes[cursor.at++] = 0
      continue
    }
    const leading = high === 0 ? 32 + Math.clz32(low) : Math.clz32(high)
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
    const skipped = leading >>> 3
    const length = 8 - skipped - (trailing >>> 3)
    cursor.bytes[cursor.at++] = skipped * 16 + length
    writeWords(cursor, high, low, skipped, length)
  }
}

const readXor = (cursor: ByteCursor, words: Uint32Array, count: number): void => {
  for (let index = 0; index < count; index += 1) {
    const control = cursor.bytes[cursor.at++]
    if (control === undefined) throw new RangeError('chunk ends in the middle of its values')
    const length = control & 15
    if ((control >>> 4) + length > 8) throw new RangeError('chunk has a value of more than eight bytes')
    readWords(cursor, words, index, control >>> 4, length)
    if (index === 0) continue
    words[index * 2] = words[index * 2]! ^ words[index * 2 - 2]!
    words[index * 2 + 1] = words[index * 2 + 1]! ^ words[index * 2 - 1]!
  }
}

/** `x & -x` keeps the lowest bit that is set. Not for 0. */
const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word)

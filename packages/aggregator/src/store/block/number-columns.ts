import { decimalExponent, powersOfTen } from '@perfmon/core/query'
import { wordsOf } from '../chunk/float-bits.ts'
import { maxDeltaInteger } from '../chunk/varint.ts'
import { type BitReader, type BitWriter, createBitReader, createBitWriter } from './bits.ts'
import { readIntegers, writeIntegers } from './integer-column.ts'
import { readSplit, writeSplit } from './split-column.ts'
import { readXor, writeXor } from './xor-column.ts'

/**
 * A column's first four bits: 0 to 12, whole numbers of 10^-e, as most measured things are; 13, any doubles; 14,
 * times that are multiples of 2^-12 ms, which all of today's are (a double has no room for finer ones); 15, noise.
 */
const anyDoubles = 13
const fractions = 14
const noise = 15
const fractionScale = 4096

const writer = createBitWriter()
let integers = new Float64Array(1024)
const roomFor = (count: number): Float64Array => {
  if (integers.length < count) integers = new Float64Array(count * 2)
  return integers
}

/** Exact to the bit for every double, NaN payloads and -0 included. */
export const encodeValues = (values: Float64Array): Uint8Array => {
  const count = values.length
  writer.reset()
  const exponent = decimalExponent(values, count)
  if (exponent === undefined) return doubles(writer, values)
  const whole = roomFor(count)
  const scale = powersOfTen[exponent]!
  for (let index = 0; index < count; index += 1) whole[index] = Math.round(values[index]! * scale)
  writer.write(exponent, 4)
  writeIntegers(writer, whole, count)
  return writer.finish()
}

export const decodeValues = (bytes: Uint8Array, start: number, end: number, count: number): Float64Array => {
  const reader = createBitReader(bytes, start, end)
  const kind = reader.read(4)
  if (kind === anyDoubles || kind === noise) return readDoubles(reader, count, kind)
  const scale = powersOfTen[kind]
  if (scale === undefined) throw new RangeError(`block has values of unknown kind ${kind}`)
  const values = readIntegers(reader, count)
  if (scale !== 1) for (let index = 0; index < count; index += 1) values[index]! /= scale
  return values
}

/** Ascending times: the first in full, then as integers from there, in milliseconds or 4096ths of one. */
export const encodeTimes = (timesMs: Float64Array): Uint8Array => {
  const count = timesMs.length
  writer.reset()
  const whole = roomFor(count)
  for (const [kind, scale] of [
    [0, 1],
    [fractions, fractionScale],
  ] as const) {
    const first = timesMs[0]! * scale
    if (!isWhole(first)) continue
    let index = 0
    for (; index < count && isWhole(timesMs[index]! * scale); index += 1) {
      whole[index] = timesMs[index]! * scale - first
      if (whole[index]! >= maxDeltaInteger) break
    }
    if (index < count) continue
    writer.write(kind, 4)
    writeDouble(writer, timesMs[0]!)
    writeIntegers(writer, whole, count)
    return writer.finish()
  }
  return doubles(writer, timesMs)
}

export const decodeTimes = (bytes: Uint8Array, start: number, end: number, count: number): Float64Array => {
  const reader = createBitReader(bytes, start, end)
  const kind = reader.read(4)
  if (kind === anyDoubles || kind === noise) return readDoubles(reader, count, kind)
  if (kind !== 0 && kind !== fractions) throw new RangeError(`block has times of unknown kind ${kind}`)
  const scale = kind === 0 ? 1 : fractionScale
  const first = readDouble(reader) * scale
  const timesMs = readIntegers(reader, count)
  for (let index = 0; index < count; index += 1) timesMs[index] = (timesMs[index]! + first) / scale
  return timesMs
}

/** -0 is a whole number that a difference would turn into 0. */
const isWhole = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0)

/** Both ways are tried: which is shorter depends on how often a value repeats and on how far values are apart. */
const doubles = (to: BitWriter, values: Float64Array): Uint8Array => {
  const words = wordsOf(values)
  to.write(anyDoubles, 4)
  writeXor(to, words, values.length)
  const xor = to.finish()
  if (xor.length < 3 * values.length) return xor
  to.reset()
  to.write(noise, 4)
  writeSplit(to, words, values.length)
  const split = to.finish()
  return split.length < xor.length ? split : xor
}

const readDoubles = (reader: BitReader, count: number, kind: number): Float64Array => {
  const values = new Float64Array(count)
  if (kind === noise) readSplit(reader, wordsOf(values), count)
  else readXor(reader, wordsOf(values), count)
  return values
}

const one = new Float64Array(1)
const oneBytes = new DataView(one.buffer)

const writeDouble = (to: BitWriter, value: number): void => {
  oneBytes.setFloat64(0, value)
  to.write(oneBytes.getUint32(0), 32)
  to.write(oneBytes.getUint32(4), 32)
}

const readDouble = (reader: BitReader): number => {
  oneBytes.setUint32(0, reader.read(32))
  oneBytes.setUint32(4, reader.read(32))
  return oneBytes.getFloat64(0)
}

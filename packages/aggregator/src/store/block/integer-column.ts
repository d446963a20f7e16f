import { unzigzag, zigzag } from '../chunk/varint.ts'
import type { BitReader, BitWriter } from './bits.ts'
import { bitLength, readWholeNumbers, writeWholeNumbers } from './whole-numbers.ts'

/**
 * Integers of magnitude below 2^50, each as what it differs from the one before; which difference is shortest
 * depends on what was measured:
 *
 * - `level`: above the least of all. Noise around a level: response times, queue lengths.
 * - `growth`: of the growth above the least growth. Counters that grow steadily: never negative, so no bit for a sign.
 * - `step`: up or down from the one before, zigzag. Values that wander: memory, connections.
 * - `bend`: the difference of differences. Clocks, and counters like clocks.
 */
const form = { level: 0, growth: 1, step: 2, bend: 3 } as const
type Form = (typeof form)[keyof typeof form]

let numbers = new Float64Array(1024)
const maxBits = 53

/** Changes `integers`. Magnitudes below 2^50: any difference of differences is exact then, and fits 53 bits. */
export const writeIntegers = (writer: BitWriter, integers: Float64Array, count: number): void => {
  if (numbers.length < count) numbers = new Float64Array(count * 2)
  // Memory comes in pages and words: zeros at the end of all are written once.
  const scale = 2 ** writeCommonZeros(writer, integers, count)
  if (scale !== 1) for (let index = 0; index < count; index += 1) integers[index]! /= scale
  const { chosen, least, leastGrowth } = choose(integers, count)
  writer.write(chosen, 2)
  const base = chosen === form.level ? least : integers[0]!
  writeNumber(writer, zigzag(base))
  if (chosen === form.growth) writeNumber(writer, zigzag(leastGrowth))
  const isLevel = chosen === form.level
  let previous = base
  let growth = 0
  let length = 0
  for (let index = isLevel ? 0 : 1; index < count; index += 1) {
    const value = integers[index]!
    const difference = isLevel ? value - least : value - previous
    numbers[length++] =
      chosen === form.level
        ? difference
        : chosen === form.growth
          ? difference - leastGrowth
          : chosen === form.step
            ? zigzag(difference)
            : zigzag(difference - growth)
    growth = difference
    previous = value
  }
  writeWholeNumbers(writer, numbers, length)
}

const writeCommonZeros = (writer: BitWriter, integers: Float64Array, count: number): number => {
  let all = 0
  for (let index = 0; index < count && (all & 1) === 0; index += 1) all |= integers[index]! % 0x8000_0000
  const zeros = all === 0 ? 0 : 31 - Math.clz32(all & -all)
  writer.write(zeros, 5)
  return zeros
}

/** By the sum of bit lengths: not exact, but the order is right where it matters. */
const choose = (
  integers: Float64Array,
  count: number,
): { chosen: Form; least: number; leastGrowth: number } => {
  let least = integers[0]!
  let leastGrowth = count > 1 ? integers[1]! - integers[0]! : 0
  for (let index = 1; index < count; index += 1) {
    const value = integers[index]!
    if (value < least) least = value
    if (value - integers[index - 1]! < leastGrowth) leastGrowth = value - integers[index - 1]!
  }
  let level = bitLength(integers[0]! - least)
  let growthBits = 0
  let step = 0
  let bend = 0
  let growth = 0
  for (let index = 1; index < count; index += 1) {
    const difference = integers[index]! - integers[index - 1]!
    level += bitLength(integers[index]! - least)
    growthBits += bitLength(difference - leastGrowth)
    step += bitLength(zigzag(difference))
    bend += bitLength(zigzag(difference - growth))
    growth = difference
  }
  const best = Math.min(level, growthBits, step, bend)
  const chosen =
    best === step ? form.step : best === growthBits ? form.growth : best === level ? form.level : form.bend
  return { chosen, least, leastGrowth }
}

export const readIntegers = (reader: BitReader, count: number): Float64Array => {
  const scale = 2 ** reader.read(5)
  const integers = readDifferences(reader, count)
  if (scale !== 1) for (let index = 0; index < count; index += 1) integers[index]! *= scale
  return integers
}

const readDifferences = (reader: BitReader, count: number): Float64Array => {
  const chosen = reader.read(2)
  const base = unzigzag(readNumber(reader))
  const leastGrowth = chosen === form.growth ? unzigzag(readNumber(reader)) : 0
  const isLevel = chosen === form.level
  const differences = readWholeNumbers(reader, isLevel ? count : count - 1)
  if (isLevel) {
    for (let index = 0; index < count; index += 1) differences[index]! += base
    return differences
  }
  const integers = new Float64Array(count)
  integers[0] = base
  let value = base
  let growth = 0
  for (let index = 1; index < count; index += 1) {
    const written = differences[index - 1]!
    if (chosen === form.growth) growth = written + leastGrowth
    else if (chosen === form.step) growth = unzigzag(written)
    else growth += unzigzag(written)
    value += growth
    integers[index] = value
  }
  return integers
}

/** Six bits for the length, then the number: most first values are small, and there is one per column. */
const writeNumber = (writer: BitWriter, value: number): void => {
  const bits = bitLength(value)
  writer.write(bits, 6)
  writer.write(value, bits)
}

const readNumber = (reader: BitReader): number => {
  const bits = reader.read(6)
  if (bits > maxBits) throw new RangeError(`block has an integer of ${bits} bits`)
  return reader.read(bits)
}

import type { BitReader, BitWriter } from './bits.ts'

/**
 * Whole numbers from 0 to 2^53, few of them large, as few bits. One byte says how, then:
 *
 * - `zero`: nothing, all are 0.
 * - `packed`: each in the same number of bits; best for numbers spread evenly.
 * - `rice`: what is above k bits in unary, then the k bits (R. F. Rice, JPL 79-22, 1979); the optimal code for
 *   differences that get rarer the larger they are. A quotient of 20 stands for 53 bits in full.
 * - `runs`: the length of each run of zeros, then the number that ended it less one, both as `rice`.
 */
const mode = { zero: 0, packed: 1, rice: 2, runs: 3 } as const
const escapeQuotient = 20
const fullBits = 53

export const bitLength = (value: number): number =>
  value < 0x1_0000_0000 ? 32 - Math.clz32(value) : 64 - Math.clz32(value / 0x1_0000_0000)

/** How many numbers have each bit length, used again for every column. */
const lengths = new Int32Array(fullBits + 2)

export const writeWholeNumbers = (writer: BitWriter, numbers: Float64Array, count: number): void => {
  lengths.fill(0)
  let longest = 0
  for (let index = 0; index < count; index += 1) {
    const length = bitLength(numbers[index]!)
    lengths[length]! += 1
    if (length > longest) longest = length
  }
  if (longest === 0) {
    writer.write(mode.zero << 6, 8)
    return
  }
  const zeros = lengths[0]!
  const rice = bestParameter(longest)
  const packedBits = longest * count
  let [chosen, parameter, bits]: [number, number, number] = [mode.rice, rice.parameter, rice.bits]
  if (packedBits <= bits) [chosen, parameter, bits] = [mode.packed, longest, packedBits]
  if (zeros * 2 > count) {
    lengths[0] = 0
    const ends = bestParameter(longest)
    const runs = count - zeros + 1
    const runParameter = Math.max(0, bitLength(Math.floor((zeros / runs) * 0.7)) - 1)
    if (runs * (runParameter + 2.5) + ends.bits < bits) {
      writeRuns(writer, numbers, count, runParameter, ends.parameter)
      return
    }
  }
  writer.write((chosen << 6) | parameter, 8)
  for (let index = 0; index < count; index += 1) {
    if (chosen === mode.packed) writer.write(numbers[index]!, parameter)
    else writeRice(writer, numbers[index]!, parameter)
  }
}

/** The cheapest k by the histogram of bit lengths: a number of length l has a quotient near 0.75 * 2^(l - k). */
const bestParameter = (longest: number): { parameter: number; bits: number } => {
  let best = { parameter: 0, bits: Number.POSITIVE_INFINITY }
  for (let parameter = 0; parameter <= longest; parameter += 1) {
    let bits = 0
    for (let length = 0; length <= longest; length += 1) {
      if (lengths[length] === 0) continue
      const quotient = length <= parameter ? 0 : 0.75 * 2 ** (length - parameter)
      bits +=
        lengths[length]! * (quotient >= escapeQuotient ? escapeQuotient + fullBits : 1 + parameter + quotient)
    }
    if (bits < best.bits) best = { parameter, bits }
  }
  return best
}

const writeRuns = (
  writer: BitWriter,
  numbers: Float64Array,
  count: number,
  runParameter: number,
  parameter: number,
): void => {
  writer.write((mode.runs << 6) | parameter, 8)
  writer.write(runParameter, 8)
  let run = 0
  for (let index = 0; index < count; index += 1) {
    if (numbers[index] === 0) {
      run += 1
      continue
    }
    writeRice(writer, run, runParameter)
    writeRice(writer, numbers[index]! - 1, parameter)
    run = 0
  }
  if (run > 0) writeRice(writer, run, runParameter)
}

const writeRice = (writer: BitWriter, value: number, parameter: number): void => {
  if (parameter <= 20) {
    const quotient = value < 0x8000_0000 ? value >>> parameter : escapeQuotient
    if (quotient + parameter < 24 && quotient < escapeQuotient) {
      writer.write((1 << parameter) | (value & ((1 << parameter) - 1)), quotient + 1 + parameter)
      return
    }
  }
  const scale = 2 ** parameter
  const quotient = Math.floor(value / scale)
  if (quotient >= escapeQuotient) {
    writer.write(0, escapeQuotient)
    writer.write(value, fullBits)
    return
  }
  writer.write(1, quotient + 1)
  writer.write(value % scale, parameter)
}

export const readWholeNumbers = (reader: BitReader, count: number): Float64Array => {
  const numbers = new Float64Array(count)
  const header = reader.read(8)
  const parameter = header & 63
  if (parameter > fullBits) throw new RangeError(`block has numbers of ${parameter} bits`)
  if (header >>> 6 === mode.packed) {
    for (let index = 0; index < count; index += 1) numbers[index] = reader.read(parameter)
  } else if (header >>> 6 === mode.rice) {
    for (let index = 0; index < count; index += 1) numbers[index] = readRice(reader, parameter)
  } else if (header >>> 6 === mode.runs) {
    const runParameter = reader.read(8)
    if (runParameter > fullBits) throw new RangeError(`block has runs of ${runParameter} bits`)
    for (let index = 0; index < count; index += 1) {
      index += readRice(reader, runParameter)
      if (index < count) numbers[index] = readRice(reader, parameter) + 1
    }
  }
  return numbers
}

const readRice = (reader: BitReader, parameter: number): number => {
  const quotient = reader.zeros(escapeQuotient)
  if (quotient === escapeQuotient) return reader.read(fullBits)
  return quotient * 2 ** parameter + (parameter === 0 ? 0 : reader.read(parameter))
}

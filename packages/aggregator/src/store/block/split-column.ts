import { highWord } from '../chunk/float-bits.ts'
import type { BitReader, BitWriter } from './bits.ts'
import { readIntegers, writeIntegers } from './integer-column.ts'

/**
 * Doubles whose fractions are noise, as quotients of two measured things are: sign and exponent as integers,
 * which change little, and the fraction's 52 bits as they are (the idea of ALP-rd: Afroozeh et al., SIGMOD 2024),
 * but for zeros that end them all: roll-ups are rounded.
 */
let tops = new Float64Array(1024)

export const writeSplit = (writer: BitWriter, words: Uint32Array, count: number): void => {
  if (tops.length < count) tops = new Float64Array(count * 2)
  for (let index = 0; index < count; index += 1) tops[index] = words[index * 2 + highWord]! >>> 20
  writeIntegers(writer, tops, count)
  let lows = 0
  for (let index = 0; index < count; index += 1) lows |= words[index * 2 + 1 - highWord]!
  const zeros = lows === 0 ? 32 : 31 - Math.clz32(lows & -lows)
  writer.write(zeros, 6)
  for (let index = 0; index < count; index += 1) {
    writer.write(words[index * 2 + highWord]! & 0xf_ffff, 20)
    if (zeros < 32) writer.write(words[index * 2 + 1 - highWord]! >>> zeros, 32 - zeros)
  }
}

/** Sets the words of `count` doubles. */
export const readSplit = (reader: BitReader, words: Uint32Array, count: number): void => {
  const exponents = readIntegers(reader, count)
  const zeros = reader.read(6)
  if (zeros > 32) throw new RangeError(`block has fractions that end in ${zeros} zeros`)
  for (let index = 0; index < count; index += 1) {
    words[index * 2 + highWord] = exponents[index]! * 0x10_0000 + reader.read(20)
    words[index * 2 + 1 - highWord] = zeros < 32 ? reader.read(32 - zeros) << zeros : 0
  }
}

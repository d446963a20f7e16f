import { maxTimeColumnBytes, readTimeColumn, writeTimeColumn } from './time-column.ts'
import { maxValueColumnBytes, readValueColumn, writeValueColumn } from './value-column.ts'
import { readVarint, writeVarint } from './varint.ts'

export interface ChunkSamples {
  readonly timesMs: Float64Array
  readonly values: Float64Array
}

/** First byte of every chunk: a later way of writing them takes the next number, and old chunks stay readable. */
const chunkFormat = 1
/** The same bytes but for this first one: see {@link encodeSealed}. */
const sealedFormat = 2

/** A chunk that claims more was not written here: without a bound a damaged byte could ask for gigabytes. */
export const maxChunkSamples = 65_536

/** Room for the longest form of a chunk, used again: most chunks are a fifth of that. */
let scratch = new Uint8Array(4096)

/**
 * One series' samples as few bytes: format, count, times, values. Exact to the bit for every double, NaN
 * payloads included. Both columns have the same length, from 1 to {@link maxChunkSamples}.
 */
export const encodeChunk = ({ timesMs, values }: ChunkSamples): Uint8Array => {
  const count = timesMs.length
  if (count < 1 || count > maxChunkSamples || values.length !== count) {
    throw new RangeError(
      `a chunk takes 1 to ${maxChunkSamples} samples, not ${count} times and ${values.length} values`,
    )
  }
  const mostBytes = 8 + maxTimeColumnBytes(count) + maxValueColumnBytes(count)
  if (scratch.length < mostBytes) scratch = new Uint8Array(mostBytes)
  const cursor = { bytes: scratch, at: 0 }
  cursor.bytes[cursor.at++] = chunkFormat
  writeVarint(cursor, count)
  writeTimeColumn(cursor, timesMs, count)
  writeValueColumn(cursor, values, count)
  return scratch.slice(0, cursor.at)
}

/**
 * What is left of a series' tail when its samples moved to a block: the newest one, which is in the block as well.
 * It says where the series goes on, and is no sample for readers.
 */
export const encodeSealed = (timeMs: number, value: number): Uint8Array => {
  const bytes = encodeChunk({ timesMs: Float64Array.of(timeMs), values: Float64Array.of(value) })
  bytes[0] = sealedFormat
  return bytes
}

export const isSealed = (bytes: Uint8Array): boolean => bytes[0] === sealedFormat

/** Throws a RangeError that says what is wrong when the bytes are not a whole chunk. */
export const decodeChunk = (bytes: Uint8Array): ChunkSamples => {
  if (bytes[0] !== chunkFormat && bytes[0] !== sealedFormat)
    throw new RangeError(`chunk has unknown format ${bytes[0]}`)
  const cursor = { bytes, at: 1 }
  const count = readVarint(cursor)
  if (count < 1 || count > maxChunkSamples) throw new RangeError(`chunk claims ${count} samples`)
  const timesMs = readTimeColumn(cursor, count)
  const values = readValueColumn(cursor, count)
  if (cursor.at !== bytes.length) throw new RangeError(`chunk has ${bytes.length - cursor.at} bytes too many`)
  return { timesMs, values }
}

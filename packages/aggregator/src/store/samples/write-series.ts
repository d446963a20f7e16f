import { type ChunkSamples, decodeChunk, encodeChunk, isSealed } from '../chunk/sample-chunk.ts'
import { bucketOf, type ChunkRows } from '../database/chunk-rows.ts'

export interface Tail extends ChunkSamples {
  /** Its one sample is in a block already. */
  readonly isSealed: boolean
}

const noSamples: ChunkSamples = { timesMs: new Float64Array(0), values: new Float64Array(0) }

/** Enough that a chunk's own bytes are few, not so many that one query decodes hours it did not ask for. */
const samplesPerChunk = 120

/**
 * Adds samples to what is on disk of a series: fills its tail, and moves every tail that is full or whose two
 * hours are over to the chunks. Samples that the tail already has are left out, so that doing it again after a
 * crash changes nothing. Must run inside a transaction.
 */
export const writeSeries = (
  rows: ChunkRows,
  seriesId: number,
  fresh: ChunkSamples,
  tail: Tail | null,
): void => {
  let chunk = tail === null || tail.isSealed ? noSamples : tail
  let at = firstAfter(fresh.timesMs, tail?.timesMs.at(-1) ?? Number.NEGATIVE_INFINITY)
  if (at === fresh.timesMs.length) return
  while (at < fresh.timesMs.length) {
    const bucket = bucketOf(chunk.timesMs[0] ?? fresh.timesMs[at]!)
    const end = endOfChunk(fresh.timesMs, at, bucket, samplesPerChunk - chunk.timesMs.length)
    if (end === at) {
      rows.addChunk(bucket, seriesId, encodeChunk(chunk))
      chunk = noSamples
      continue
    }
    chunk = {
      timesMs: joined(chunk.timesMs, fresh.timesMs.subarray(at, end)),
      values: joined(chunk.values, fresh.values.subarray(at, end)),
    }
    at = end
  }
  rows.putTail(seriesId, encodeChunk(chunk), bucketOf(chunk.timesMs[0]!))
}

/** The samples of a tail; null when there is none. Throws a RangeError when it is damaged. */
export const readTail = (rows: ChunkRows, seriesId: number): Tail | null => {
  const bytes = rows.tail(seriesId)
  return bytes === undefined ? null : { ...decodeChunk(bytes), isSealed: isSealed(bytes) }
}

const firstAfter = (timesMs: Float64Array, afterMs: number): number => {
  let at = 0
  while (at < timesMs.length && timesMs[at]! <= afterMs) at += 1
  return at
}

const endOfChunk = (timesMs: Float64Array, from: number, bucket: number, room: number): number => {
  let end = from
  while (end < timesMs.length && end - from < room && bucketOf(timesMs[end]!) === bucket) end += 1
  return end
}

const joined = (first: Float64Array, second: Float64Array): Float64Array => {
  const both = new Float64Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

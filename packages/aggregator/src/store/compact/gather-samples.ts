import type { BlockEntry } from '../block/block.ts'
import { type ChunkSamples, decodeChunk, isSealed } from '../chunk/sample-chunk.ts'
import { bucketEndMs, bucketOf, type ChunkRows } from '../database/chunk-rows.ts'
import type { LateRows } from '../database/late-rows.ts'
import { mergeEntries } from './merge-entries.ts'

/** What a series has outside of blocks in one span of time, in order; null when there is nothing. */
export const gatherSamples = (
  chunkRows: ChunkRows,
  lateRows: LateRows,
  bucket: number,
  seriesId: number,
): BlockEntry | null => {
  const inOrder = chunkRows.chunks(bucket, seriesId).reverse().map(decodeChunk)
  const tail = chunkRows.tail(seriesId)
  if (tail !== undefined && !isSealed(tail)) {
    const samples = decodeChunk(tail)
    if (bucketOf(samples.timesMs[0]!) === bucket) inOrder.push(samples)
  }
  const late = new Map<number, number>()
  const toMs = bucketEndMs(bucket)
  lateRows.collect(seriesId, { fromMs: bucketEndMs(bucket - 1), toMs, limit: Number.POSITIVE_INFINITY }, late)
  const entry = joined(seriesId, inOrder)
  if (late.size === 0) return entry
  const timesMs = Float64Array.from(late.keys()).sort()
  const amended = { seriesId, timesMs, columns: [timesMs.map((timeMs) => late.get(timeMs)!)] }
  return entry === null ? amended : mergeEntries(entry, amended)
}

const joined = (seriesId: number, parts: readonly ChunkSamples[]): BlockEntry | null => {
  if (parts.length === 0) return null
  const length = parts.reduce((sum, part) => sum + part.timesMs.length, 0)
  const [timesMs, values] = [new Float64Array(length), new Float64Array(length)]
  let at = 0
  for (const part of parts) {
    timesMs.set(part.timesMs, at)
    values.set(part.values, at)
    at += part.timesMs.length
  }
  return { seriesId, timesMs, columns: [values] }
}

import type { BlockEntry } from '../block/block.ts'
import { decodeChunk, isSealed } from '../chunk/sample-chunk.ts'
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
  let entry: BlockEntry | null = null
  const add = (timesMs: Float64Array, values: Float64Array): void => {
    const fresh = { seriesId, timesMs, columns: [values] }
    entry = entry === null ? fresh : mergeEntries(entry, fresh)
  }
  for (const bytes of chunkRows.chunks(bucket, seriesId).reverse()) {
    const { timesMs, values } = decodeChunk(bytes)
    add(timesMs, values)
  }
  const tail = chunkRows.tail(seriesId)
  if (tail !== undefined && !isSealed(tail)) {
    const { timesMs, values } = decodeChunk(tail)
    if (bucketOf(timesMs[0]!) === bucket) add(timesMs, values)
  }
  const late = new Map<number, number>()
  const toMs = bucketEndMs(bucket)
  lateRows.collect(seriesId, { fromMs: bucketEndMs(bucket - 1), toMs, limit: Number.POSITIVE_INFINITY }, late)
  if (late.size > 0) {
    const timesMs = Float64Array.from(late.keys()).sort()
    add(
      timesMs,
      timesMs.map((timeMs) => late.get(timeMs)!),
    )
  }
  return entry
}

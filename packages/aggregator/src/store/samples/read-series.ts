import { type ChunkSamples, decodeChunk } from '../chunk/sample-chunk.ts'
import { bucketOf, type ChunkRows } from '../database/chunk-rows.ts'
import { type SampleRange, StoreError } from '../store.ts'
import type { PendingSamples } from './pending-samples.ts'

export interface SeriesSources {
  readonly rows: ChunkRows
  /** Newest first: what arrived since the running checkpoint began, then what that is writing. */
  readonly pending: readonly PendingSamples[]
}

export interface RangeWanted {
  readonly seriesId: number
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
}

/**
 * Gathers a range from its newest end, so that a limit stops it early: memory, then the tail, then chunks.
 * While a checkpoint runs, some of its samples are in both memory and tail; a series' times ascend, so
 * what memory adds is what is newer than the tail.
 */
export const readSeries = ({ rows, pending }: SeriesSources, wanted: RangeWanted): SampleRange => {
  const { seriesId, fromMs, toMs } = wanted
  const limit = Math.max(0, Math.floor(wanted.limit))
  const newestFirst: ChunkSamples[] = []
  let room = limit
  const take = (samples: ChunkSamples): void => {
    const start = Math.max(indexFrom(samples.timesMs, fromMs), indexFrom(samples.timesMs, toMs) - room)
    const end = indexFrom(samples.timesMs, toMs)
    if (end <= start) return
    newestFirst.push({
      timesMs: samples.timesMs.subarray(start, end),
      values: samples.values.subarray(start, end),
    })
    room -= end - start
  }

  const tailBytes = rows.tail(seriesId)
  const tail = tailBytes === undefined ? null : decoded(tailBytes, seriesId)
  const afterMs = tail?.timesMs.at(-1) ?? Number.NEGATIVE_INFINITY
  for (const samples of pending) {
    if (room > 0) take(samples.range(seriesId, { afterMs, beforeMs: toMs, limit: room }))
  }
  if (tail !== null && room > 0) take(tail)

  for (const bucket of rows.buckets().toReversed()) {
    if (room <= 0 || bucket < bucketOf(fromMs)) break
    if (bucket > bucketOf(toMs)) continue
    for (const bytes of rows.chunks(bucket, seriesId)) {
      if (room <= 0) break
      take(decoded(bytes, seriesId))
    }
  }
  return join(newestFirst.reverse())
}

/** A range with a hole would look like a series that was silent: better no answer than a wrong one. */
const decoded = (bytes: Uint8Array, seriesId: number): ChunkSamples => {
  try {
    return decodeChunk(bytes)
  } catch (cause) {
    throw new StoreError(
      'damaged',
      `a chunk of series ${seriesId} is damaged; check the disk, or ask for another range`,
      { cause },
    )
  }
}

/** Index of the first time that is not before `fromMs`. */
const indexFrom = (timesMs: Float64Array, fromMs: number): number => {
  let low = 0
  let high = timesMs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timesMs[middle]! < fromMs) low = middle + 1
    else high = middle
  }
  return low
}

const join = (parts: readonly ChunkSamples[]): SampleRange => {
  const length = parts.reduce((sum, part) => sum + part.timesMs.length, 0)
  const range = { timesMs: new Float64Array(length), values: new Float64Array(length) }
  let at = 0
  for (const part of parts) {
    range.timesMs.set(part.timesMs, at)
    range.values.set(part.values, at)
    at += part.timesMs.length
  }
  return range
}

import { type ChunkSamples, decodeChunk, isSealed } from '../chunk/sample-chunk.ts'
import { type BlockRows, tiers } from '../database/block-rows.ts'
import { bucketOf, type ChunkRows } from '../database/chunk-rows.ts'
import { type SampleRange, StoreError } from '../store.ts'
import type { PendingSamples } from './pending-samples.ts'

export interface SeriesSources {
  readonly rows: ChunkRows
  /** Null leaves them out: of what they hold, roll-ups are read instead. */
  readonly blockRows: BlockRows | null
  /** Newest first: what arrived since the running checkpoint began, then what that is writing. */
  readonly pending: readonly Pick<PendingSamples, 'range'>[]
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
 * what memory adds is what is newer than the tail. In a span of time, chunks are newer than its block.
 */
export const readSeries = ({ rows, blockRows, pending }: SeriesSources, wanted: RangeWanted): SampleRange => {
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
  const isInBlock = tailBytes !== undefined && isSealed(tailBytes)
  const afterMs = tail?.timesMs.at(-1) ?? Number.NEGATIVE_INFINITY
  for (const samples of pending) {
    if (room > 0) take(samples.range(seriesId, { afterMs, beforeMs: toMs, limit: room }))
  }
  if (tail !== null && !isInBlock && room > 0) take(tail)

  const [first, last] = [bucketOf(fromMs), bucketOf(toMs)]
  for (const bucket of bucketsOf(rows, blockRows)) {
    if (room <= 0 || bucket < first) break
    if (bucket > last) continue
    for (const bytes of rows.chunks(bucket, seriesId)) {
      if (room <= 0) break
      take(decoded(bytes, seriesId))
    }
    if (room > 0 && blockRows !== null) {
      const block = fromBlock(blockRows, bucket, seriesId)
      if (block !== null) take(block)
    }
  }
  return join(newestFirst.reverse())
}

/** Newest first. */
const bucketsOf = (rows: ChunkRows, blockRows: BlockRows | null): readonly number[] => {
  const inBlocks = blockRows?.buckets(tiers.raw) ?? []
  if (inBlocks.length === 0) return rows.buckets().toReversed()
  return [...new Set([...rows.buckets(), ...inBlocks])].sort((a, b) => b - a)
}

const fromBlock = (rows: BlockRows, bucket: number, seriesId: number): ChunkSamples | null =>
  reading(seriesId, () => {
    const entry = rows.find(tiers.raw, bucket, seriesId)?.read(seriesId)
    return entry ? { timesMs: entry.timesMs, values: entry.columns[0]! } : null
  })

const decoded = (bytes: Uint8Array, seriesId: number): ChunkSamples =>
  reading(seriesId, () => decodeChunk(bytes))

/** A range with a hole would look like a series that was silent: better no answer than a wrong one. */
const reading = <Result>(seriesId: number, read: () => Result): Result => {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
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

import { rollUp } from '@perfmon/core/query'
import type { BlockEntry } from '../block/block.ts'
import { decodeChunk, encodeSealed } from '../chunk/sample-chunk.ts'
import { type BlockRows, stepMsOf, tierBucketOf, tiers } from '../database/block-rows.ts'
import { bucketEndMs, bucketOf, type ChunkRows } from '../database/chunk-rows.ts'
import type { LateRows } from '../database/late-rows.ts'
import type { Database } from '../database/open-database.ts'
import { gatherSamples } from './gather-samples.ts'
import { putInBlocks } from './put-in-blocks.ts'

export interface CompactionOptions {
  readonly database: Database
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly blockRows: BlockRows
  readonly isCounter: (seriesId: number) => boolean
  readonly warn: (message: string, details: Record<string, unknown>) => void
  readonly nextTurn: () => Promise<void>
}

/** A span is closed so long after its end: clocks differ, and an open chunk is cheaper to add to than a block. */
const graceMs = 10 * 60_000
/** Late samples are laid over a block when it is read; after the usual late window they are worked into it. */
const lateGraceMs = 70 * 60_000
const lateDue = 20_000
/** In one transaction: some 10 to 20 ms of work. Between two the others have their turn. */
const samplesPerSlice = 65_536
const seriesPerSlice = 256

/**
 * Moves the samples of spans that are over from chunks, one row per series and 120 samples, into blocks, a row for a
 * hundred series, and makes roll-ups of them. What is late amends both. Each slice is one transaction that adds the
 * block, adds the roll-ups and removes the chunks: a crash leaves a series' span moved or not, never both or neither.
 */
export const createCompaction = (options: CompactionOptions): ((newestMs: number) => Promise<void>) => {
  const { database, chunkRows, lateRows, blockRows, isCounter, warn, nextTurn } = options
  const damaged = new Set<string>()

  const isOver = (bucket: number, newestMs: number): boolean => bucketEndMs(bucket) + graceMs <= newestMs
  const hasLate = (bucket: number, newestMs: number): boolean =>
    bucketEndMs(bucket) + lateGraceMs <= newestMs || lateRows.countIn(bucket) >= lateDue

  const seal = ({ seriesId, timesMs, columns }: BlockEntry, bucket: number): void => {
    const tail = chunkRows.tail(seriesId)
    if (tail === undefined || bucketOf(decodeChunk(tail).timesMs[0]!) !== bucket) return
    chunkRows.putTail(seriesId, encodeSealed(timesMs.at(-1)!, columns[0]!.at(-1)!), null)
  }

  const move = (bucket: number, entries: readonly BlockEntry[]): void => {
    const stored = putInBlocks(blockRows, tiers.raw, bucket, entries)
    for (const tier of [tiers.minute, tiers.hour]) {
      const rolled = stored.map(({ seriesId, timesMs, columns }) => ({
        seriesId,
        ...rollUp({ timesMs, values: columns[0]! }, stepMsOf[tier], isCounter(seriesId)),
      }))
      putInBlocks(blockRows, tier, tierBucketOf(tier, bucketEndMs(bucket - 1)), sharingTimes(rolled))
    }
    for (const entry of stored) {
      chunkRows.removeChunks(bucket, entry.seriesId)
      lateRows.removeSeries(bucket, entry.seriesId)
      seal(entry, bucket)
    }
  }

  /** What is damaged stays where it is, and is not tried again before the next start. */
  const leave = (bucket: number, seriesIds: readonly number[], error: unknown): void => {
    if (!(error instanceof RangeError)) throw error
    for (const seriesId of seriesIds) damaged.add(`${bucket} ${seriesId}`)
    warn(
      `chunks or a block of ${seriesIds.length} series are damaged and stay as they are (${error.message}). Check the disk, then run: perfmon store check`,
      { bucket, seriesIds: seriesIds.slice(0, 20) },
    )
  }

  const compactBucket = async (bucket: number, seriesIds: readonly number[]): Promise<void> => {
    for (let next = 0; next < seriesIds.length; ) {
      const taken: number[] = []
      let samples = 0
      try {
        database.transaction(() => {
          const entries: BlockEntry[] = []
          for (
            ;
            next < seriesIds.length && taken.length < seriesPerSlice && samples < samplesPerSlice;
            next += 1
          ) {
            const seriesId = seriesIds[next]!
            taken.push(seriesId)
            const entry = readable(bucket, seriesId)
            if (entry === null) continue
            entries.push(entry)
            samples += entry.timesMs.length
          }
          if (entries.length > 0) move(bucket, sharingTimes(entries))
        })
      } catch (error) {
        leave(bucket, taken, error)
      }
      await nextTurn()
    }
  }

  const readable = (bucket: number, seriesId: number): BlockEntry | null => {
    try {
      return gatherSamples(chunkRows, lateRows, bucket, seriesId)
    } catch (error) {
      leave(bucket, [seriesId], error)
      return null
    }
  }

  return async (newestMs) => {
    const tailsBy = tailsByBucket(chunkRows.openTails(), (bucket) => isOver(bucket, newestMs))
    const due = new Set([
      ...chunkRows.buckets().filter((bucket) => isOver(bucket, newestMs)),
      ...tailsBy.keys(),
    ])
    const late = lateRows.buckets().filter((bucket) => isOver(bucket, newestMs) && hasLate(bucket, newestMs))
    for (const bucket of [...new Set([...due, ...late])].sort((a, b) => a - b)) {
      const seriesIds = new Set([...chunkRows.seriesIn(bucket), ...(tailsBy.get(bucket) ?? [])])
      if (late.includes(bucket)) for (const seriesId of lateRows.seriesIn(bucket)) seriesIds.add(seriesId)
      const whole = [...seriesIds]
        .filter((seriesId) => !damaged.has(`${bucket} ${seriesId}`))
        .sort((a, b) => a - b)
      await compactBucket(bucket, whole)
      if (chunkRows.seriesIn(bucket).length === 0) chunkRows.forgetBucket(bucket)
      if (lateRows.countIn(bucket) === 0) lateRows.forgetBucket(bucket)
    }
  }
}

const tailsByBucket = (
  tails: Iterable<readonly [seriesId: number, bucket: number]>,
  isWanted: (bucket: number) => boolean,
): Map<number, number[]> => {
  const found = new Map<number, number[]>()
  for (const [seriesId, bucket] of tails) {
    if (!isWanted(bucket)) continue
    const group = found.get(bucket)
    if (group === undefined) found.set(bucket, [seriesId])
    else group.push(seriesId)
  }
  return found
}

/** Series that were reported together get one and the same array, which a block encodes once. */
const sharingTimes = (entries: readonly BlockEntry[]): BlockEntry[] => {
  let recent: Float64Array[] = []
  return entries.map((entry) => {
    const known = recent.find((timesMs) => areEqual(timesMs, entry.timesMs))
    if (known !== undefined) return { ...entry, timesMs: known }
    recent = [entry.timesMs, ...recent].slice(0, 4)
    return entry
  })
}

const areEqual = (a: Float64Array, b: Float64Array): boolean => {
  if (a.length !== b.length || a[0] !== b[0] || a.at(-1) !== b.at(-1)) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}

import {
  type Aggregate,
  type BucketFold,
  gaugeColumns,
  needsSamples,
  type RollUp,
  type Samples,
} from '@perfmon/core/query'
import { decodeChunk, isSealed } from '../chunk/sample-chunk.ts'
import { type BlockRows, type Tier, tierBucketEndMs, tierBucketOf, tiers } from '../database/block-rows.ts'
import { bucketEndMs, bucketOf, type ChunkRows } from '../database/chunk-rows.ts'
import type { LateRows } from '../database/late-rows.ts'
import type { PendingOfSeries } from '../samples/pending-columns.ts'
import { withLate } from '../samples/read-late.ts'
import { readSeries } from '../samples/read-series.ts'
import type { QueryBudget } from './query-budget.ts'

export interface QueryRows {
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly blockRows: BlockRows
}

export interface SourceWanted {
  readonly seriesId: number
  readonly isCounter: boolean
  readonly aggregate: Aggregate
  readonly fromMs: number
  readonly toMs: number
  /** The coarsest rows that answer the question. */
  readonly tier: Tier
  readonly pending: PendingOfSeries
}

/** How far before the range a counter is looked for, so that its first step has a beginning. */
const lookBackMs: Readonly<Record<Tier, number>> = { 0: 300_000, 1: 300_000, 2: 2 * 3_600_000 }

/** Which rows answer for steps of this length: roll-ups when every step is made of whole ones. */
export const tierFor = (stepMs: number): Tier =>
  stepMs % 3_600_000 === 0 ? tiers.hour : stepMs % 60_000 === 0 ? tiers.minute : tiers.raw

/**
 * Hands a series' range to a fold, oldest first: from roll-ups where spans are in blocks, from samples where they are not
 * yet; and the other way round, from roll-ups where retention has taken the samples. Spans with late samples that are
 * not worked into their block yet are read as samples.
 */
export const readInto = (
  fold: BucketFold,
  rows: QueryRows,
  wanted: SourceWanted,
  budget: QueryBudget,
): void => {
  const { seriesId, isCounter, aggregate, toMs, pending } = wanted
  const mustHaveSamples = needsSamples(aggregate, isCounter)
  const tier = mustHaveSamples ? tiers.raw : wanted.tier
  const fromMs = isCounter ? wanted.fromMs - lookBackMs[tier] : wanted.fromMs
  const addSamples = (samples: Samples): void => {
    budget.spend(samples.timesMs.length)
    fold.addSamples(samples)
  }
  const rolledUpTo = mustHaveSamples
    ? fromMs
    : endOfRollUps(
        rows,
        tier,
        fromMs,
        toMs,
        (rollUp) => {
          budget.spend(rollUp.timesMs.length)
          fold.addRollUp(rollUp)
        },
        wanted,
      )
  if (tier === tiers.raw || rolledUpTo < toMs) {
    const range = { seriesId, fromMs: Math.max(fromMs, rolledUpTo), toMs, limit: Number.POSITIVE_INFINITY }
    addSamples(
      withLate(
        { rows: rows.lateRows, pending: [pending.late] },
        range,
        readSeries({ rows: rows.chunkRows, blockRows: rows.blockRows, pending: [pending.samples] }, range),
      ),
    )
  }
}

/**
 * Roll-ups are read up to the first span of which the series has anything outside of blocks; from there on samples are.
 * That is the last span or two, unless late samples came, and then the rest of the range costs more than it had to.
 */
const endOfRollUps = (
  rows: QueryRows,
  tier: Tier,
  fromMs: number,
  toMs: number,
  take: (rollUp: RollUp) => void,
  wanted: SourceWanted,
): number => {
  const { seriesId, pending } = wanted
  const { blockRows } = rows
  const openMs = firstOutsideOfBlocks(rows, seriesId, fromMs, toMs, pending)
  const startOfMinutes = startOf(blockRows, tiers.minute) ?? Number.NEGATIVE_INFINITY
  const hasRollUps = blockRows.buckets(tiers.hour).length > 0
  const startOfRaw = startOf(blockRows, tiers.raw) ?? (hasRollUps ? openMs : Number.NEGATIVE_INFINITY)
  // Where samples are gone only roll-ups are left, whatever else is true.
  const wantedFrom = tier === tiers.raw ? Math.max(fromMs, startOfRaw) : Math.max(openMs, startOfRaw)
  const rawFrom = Math.min(wantedFrom, toMs)
  const hoursTo = tier === tiers.hour ? rawFrom : Math.min(Math.max(fromMs, startOfMinutes), rawFrom)
  readTier(blockRows, tiers.hour, wanted, fromMs, hoursTo, take)
  if (tier !== tiers.hour) readTier(blockRows, tiers.minute, wanted, Math.max(fromMs, hoursTo), rawFrom, take)
  return Math.max(fromMs, rawFrom)
}

/** Start of the first span of which the series has samples that are in no block yet. */
const firstOutsideOfBlocks = (
  { blockRows, chunkRows, lateRows }: QueryRows,
  seriesId: number,
  fromMs: number,
  toMs: number,
  pending: PendingOfSeries,
): number => {
  const blocks =
    blockRows.buckets(tiers.hour).length === 0 ? undefined : blockRows.buckets(tiers.minute).at(-1)
  const tail = chunkRows.tail(seriesId)
  const inOrder = pending.samples.range(seriesId, {
    afterMs: Number.NEGATIVE_INFINITY,
    beforeMs: toMs,
    limit: Number.POSITIVE_INFINITY,
  })
  const buckets = [
    bucketOf(fromMs) + (blocks === undefined ? 0 : Math.max(0, blocks + 1 - bucketOf(fromMs))),
    ...chunkRows.buckets(),
    ...lateRows.bucketsOf(seriesId, { fromMs, toMs }),
    ...Array.from(pending.lateTimesMs, bucketOf),
    ...(tail !== undefined && !isSealed(tail) ? [bucketOf(decodeChunk(tail).timesMs[0]!)] : []),
    ...(inOrder.timesMs.length > 0 ? [bucketOf(inOrder.timesMs[0]!)] : []),
  ]
  return bucketEndMs(buckets.reduce((least, bucket) => Math.min(least, bucket)) - 1)
}

const startOf = (rows: BlockRows, tier: Tier): number | undefined => {
  const first = rows.buckets(tier)[0]
  return first === undefined ? undefined : tierBucketEndMs(tier, first - 1)
}

const readTier = (
  rows: BlockRows,
  tier: Tier,
  { seriesId, isCounter, aggregate }: SourceWanted,
  fromMs: number,
  toMs: number,
  take: (rollUp: RollUp) => void,
): void => {
  if (!(fromMs < toMs)) return
  const needed = isCounter ? undefined : [gaugeColumns.count, gaugeColumnOf(aggregate)]
  const [first, last] = [tierBucketOf(tier, fromMs), tierBucketOf(tier, toMs)]
  for (const bucket of rows.buckets(tier)) {
    if (bucket < first || bucket > last) continue
    const entry = rows.find(tier, bucket, seriesId)?.read(seriesId, needed)
    if (!entry) continue
    const start = entry.timesMs.findIndex((timeMs) => timeMs >= fromMs)
    if (start === -1) continue
    const end = entry.timesMs.findIndex((timeMs) => timeMs >= toMs)
    const slice = (column: Float64Array) => column.subarray(start, end === -1 ? undefined : end)
    const columns = entry.columns.map(slice)
    take({ timesMs: slice(entry.timesMs), columns: isCounter ? columns : spread(columns) })
  }
}

const gaugeColumnOf = (aggregate: Aggregate): number =>
  aggregate === 'min' || aggregate === 'max' || aggregate === 'last'
    ? gaugeColumns[aggregate]
    : gaugeColumns.sum

/** Decoding is most of a query's time, so only what the aggregate is made of was read: it stands in for the rest too. */
const spread = ([count, needed]: readonly Float64Array[]): Float64Array[] => [
  count!,
  needed!,
  needed!,
  needed!,
  needed!,
]

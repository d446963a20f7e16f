import {
  type Aggregate,
  combineSeries,
  createBucketFold,
  fromCumulative,
  histogramQuantile,
  mergeHistograms,
  needsSamples,
  QueryError,
} from '@perfmon/core/query'
import { createBlockRows, type Tier, tiers } from '../database/block-rows.ts'
import { createChunkRows } from '../database/chunk-rows.ts'
import { createLateRows } from '../database/late-rows.ts'
import { openReader } from '../database/open-database.ts'
import { type PendingColumns, unpackPending } from '../samples/pending-columns.ts'
import type { BucketLine, BucketQuery, Labels, QuerySource } from './query.ts'
import type { QueryBudget } from './query-budget.ts'
import { type QueryRows, readInto, tierFor } from './read-source.ts'
import { createSeriesSelector, type SelectedSeries, selectWithin } from './select-series.ts'

/** A query whose series are chosen; what of them is not in the database yet is to be fetched before it is answered. */
export interface PreparedQuery {
  readonly fromMs: number
  readonly toMs: number
  readonly seriesIds: Uint32Array
  answer(pending: PendingColumns): { lines: BucketLine[]; source: QuerySource }
}

export interface StepsQuery extends BucketQuery {
  /** One step that begins at `fromMs` exactly. */
  readonly isTop?: boolean
}

const sources: Readonly<Record<Tier, QuerySource>> = { 0: 'samples', 1: 'minutes', 2: 'hours' }
const hourMs = 3_600_000

/** The queries without their thread, on a connection of their own. */
export const openQueryEngine = (dir: string) => {
  const db = openReader(dir)
  const rows: QueryRows = {
    chunkRows: createChunkRows({ db }),
    lateRows: createLateRows({ db }),
    blockRows: createBlockRows({ db }),
  }
  const select = createSeriesSelector(db)

  /** All that one answer reads is of one moment, whatever is written or moved meanwhile. */
  const atOneMoment = <Result>(read: () => Result): Result => {
    db.exec('BEGIN')
    try {
      rows.chunkRows.refresh()
      rows.lateRows.refresh()
      rows.blockRows.refresh()
      return read()
    } finally {
      db.exec('COMMIT')
    }
  }

  const prepare = (query: StepsQuery, budget: QueryBudget): PreparedQuery => {
    const { fromMs, stepMs, buckets } = gridOf(query)
    const selected = selectWithin(select, query.matchers, budget)
    if (selected.length * buckets > budget.limits.maxPoints)
      throw new QueryError(
        'too-many-points',
        `${selected.length} series of ${buckets} steps are more than ${budget.limits.maxPoints} points (maxPoints); ask for a larger step or fewer series`,
      )
    const toMs = fromMs + stepMs * buckets
    // Of one long step only the edges are as coarse as the rows.
    const tier = query.isTop
      ? stepMs >= 48 * hourMs
        ? tiers.hour
        : stepMs >= 4 * hourMs
          ? tiers.minute
          : tiers.raw
      : tierFor(stepMs)
    const isQuantile = typeof query.aggregate === 'object'
    const aggregate: Aggregate = isQuantile ? 'increase' : (query.aggregate as Aggregate)

    return {
      fromMs: fromMs - hourMs,
      toMs,
      seriesIds: Uint32Array.from(selected, ({ series }) => series.id),
      answer: (pending) =>
        atOneMoment(() => {
          const unpacked = unpackPending(pending)
          const lines = selected.map((one, index): Line => {
            budget.check()
            const isCounter = one.series.kind === 'counter'
            const fold = createBucketFold({ fromMs, stepMs, buckets }, isCounter)
            const wanted = {
              seriesId: one.series.id,
              isCounter,
              aggregate,
              fromMs,
              toMs,
              tier,
              pending: unpacked[index]!,
            }
            readInto(fold, rows, wanted, budget)
            return { ...one, values: fold.read(aggregate) }
          })
          const onlySamples = selected.some(({ series }) =>
            needsSamples(aggregate, series.kind === 'counter'),
          )
          const source = sources[onlySamples ? tiers.raw : tier]
          if (typeof query.aggregate === 'object')
            return { lines: quantiles(lines, query.aggregate.quantile, query.across?.by), source }
          return { lines: query.across ? combined(lines, query.across) : lines.map(alone), source }
        }),
    }
  }

  return {
    prepare,
    find: (matchers: BucketQuery['matchers'], budget: QueryBudget) =>
      atOneMoment(() => [...select(matchers, budget)]),
    close: () => db.close(),
  }
}

interface Line extends SelectedSeries {
  readonly values: Float64Array
}

/** @throws QueryError `bad-query` */
const gridOf = ({ fromMs, toMs, stepMs, isTop }: StepsQuery) => {
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs))
    throw new QueryError('bad-query', 'a range starts before it ends')
  if (!(Number.isFinite(stepMs) && stepMs >= 1))
    throw new QueryError('bad-query', 'a step is a millisecond or more')
  const alignedMs = isTop ? fromMs : Math.floor(fromMs / stepMs) * stepMs
  return { fromMs: alignedMs, stepMs, buckets: Math.ceil((toMs - alignedMs) / stepMs) }
}

const alone = ({ labels, values }: Line): BucketLine => ({ labels, series: 1, values })

const combined = (lines: readonly Line[], { by, how }: NonNullable<BucketQuery['across']>): BucketLine[] =>
  grouped(lines, (labels) => chosen(labels, by)).map(({ labels, members }) => ({
    labels,
    series: members.length,
    values: combineSeries(
      members.map(({ values }) => values),
      how,
    ),
  }))

/** Each histogram's buckets are what grew in the step; those of one group are merged before the quantile is taken. */
const quantiles = (
  lines: readonly Line[],
  quantile: number,
  by: readonly string[] | undefined,
): BucketLine[] => {
  if (!(quantile >= 0 && quantile <= 1))
    throw new QueryError('bad-query', 'a quantile is a number from 0 to 1')
  const buckets = lines.filter(({ series }) => series.part === 'bucket')
  const groups = grouped(buckets, (labels) => (by === undefined ? without(labels, 'le') : chosen(labels, by)))
  return groups.map(({ labels, members }) => {
    const histograms = grouped(members, (own) => without(own, 'le'))
    const steps = members[0]!.values.length
    const values = new Float64Array(steps).map((_, step) =>
      histogramQuantile(
        mergeHistograms(
          histograms.map((histogram) =>
            fromCumulative(
              histogram.members
                .filter((line) => !Number.isNaN(line.values[step]!))
                .map((line) => [boundOf(line.labels.le), line.values[step]!] as const),
            ),
          ),
        ),
        quantile,
      ),
    )
    return { labels, series: members.length, values }
  })
}

const boundOf = (le: string | undefined): number =>
  le === '+Inf' || le === 'Infinity' || le === undefined ? Number.POSITIVE_INFINITY : Number(le)

const grouped = (
  lines: readonly Line[],
  labelsOf: (labels: Labels) => Labels,
): { labels: Labels; members: Line[] }[] => {
  const groups = new Map<string, { labels: Labels; members: Line[] }>()
  for (const line of lines) {
    const labels = labelsOf(line.labels)
    const key = JSON.stringify(Object.entries(labels).sort())
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { labels, members: [line] })
    else group.members.push(line)
  }
  return [...groups.values()]
}

const chosen = (labels: Labels, by: readonly string[]): Labels =>
  Object.fromEntries(by.flatMap((label) => (labels[label] === undefined ? [] : [[label, labels[label]]])))

const without = (labels: Labels, label: string): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label))

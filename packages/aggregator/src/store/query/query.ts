import type { Aggregate, Combination, Matcher } from '@perfmon/core/query'
import type { Series } from '@perfmon/protocol'

/**
 * What a series can be told by: `metric`, `agent` (id), `name` and `swarm` of the agent, `part`, `scope`, `unit`, `kind`,
 * and its attributes by their names.
 */
export type Labels = Readonly<Record<string, string>>

/** No query holds more than this, whoever asks. Over it, it is refused with the limit's name. */
export interface QueryLimits {
  readonly maxSeries: number
  /** Numbers in the answer, before series are combined. */
  readonly maxPoints: number
  /** Samples and rows of roll-ups read. */
  readonly maxSamples: number
  readonly deadlineMs: number
}

export const defaultQueryLimits: QueryLimits = {
  maxSeries: 20_000,
  maxPoints: 2_000_000,
  maxSamples: 50_000_000,
  deadlineMs: 10_000,
}

export interface QueryOptions {
  readonly limits?: Partial<QueryLimits>
  readonly signal?: AbortSignal
}

export interface BucketQuery {
  /** At least one. Together they choose the series. */
  readonly matchers: readonly Matcher[]
  /** Steps are aligned: they start at multiples of `stepMs`, the first at or before `fromMs`. */
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** `quantile` (0 to 1) is of histograms: the matchers should choose one metric with `part="bucket"`. */
  readonly aggregate: Aggregate | { readonly quantile: number }
  /** One line for all series that have the same values of these labels; absent: each series alone. */
  readonly across?: { readonly by: readonly string[]; readonly how: Combination }
}

export interface BucketLine {
  readonly labels: Labels
  /** How many series it is made of. */
  readonly series: number
  /** One number per step; NaN where there is none. */
  readonly values: Float64Array
}

/** `samples`: as they came; else the finest that was read where samples were not. */
export type QuerySource = 'samples' | 'minutes' | 'hours'

export interface BucketAnswer {
  readonly fromMs: number
  readonly stepMs: number
  readonly source: QuerySource
  readonly lines: readonly BucketLine[]
}

export interface TopQuery extends Omit<BucketQuery, 'stepMs'> {
  readonly count: number
}

export interface TopAnswer {
  readonly source: QuerySource
  /** Largest first; lines without a number are left out. */
  readonly lines: readonly (Omit<BucketLine, 'values'> & { readonly value: number })[]
}

/** What reading can ask of the store. Answers come from a thread of their own: they never hold up what is written. */
export interface StoreQueries {
  /** At most `limit` series, by id, and how many there are. */
  findSeries(
    matchers: readonly Matcher[],
    limit: number,
    options?: QueryOptions,
  ): Promise<{ series: Series[]; total: number }>
  /** Ascending. */
  labelNames(matchers: readonly Matcher[], options?: QueryOptions): Promise<string[]>
  /** Ascending, at most `limit`. */
  labelValues(
    label: string,
    matchers: readonly Matcher[],
    limit: number,
    options?: QueryOptions,
  ): Promise<string[]>
  /** @throws QueryError */
  aggregate(query: BucketQuery, options?: QueryOptions): Promise<BucketAnswer>
  /** The series, or groups of them, with the largest numbers over the whole range. @throws QueryError */
  top(query: TopQuery, options?: QueryOptions): Promise<TopAnswer>
}

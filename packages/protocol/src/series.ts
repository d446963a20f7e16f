/** Attribute values as OTLP allows them, nested ones rendered as JSON text. */
export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

/** `gauge` and `updown` may fall; `counter` is cumulative and falls only when its process restarts. */
export type SeriesKind = 'gauge' | 'updown' | 'counter'

/**
 * A histogram is several series that share a metric: `count` and `sum`, and one cumulative `bucket` per
 * upper bound (attribute `le`, as Prometheus has it), because a bucket is mergeable and needs no second
 * kind of sample anywhere below.
 */
export type SeriesPart = 'value' | 'count' | 'sum' | 'bucket'

/** One stream of numbers. `id` is dense, given once by the receive stage, and never reused. */
export interface Series {
  readonly id: number
  readonly agentId: string
  /** Name of the instrumentation scope; absent when the sender named none. Part of the identity: two libraries may send one metric. */
  readonly scope?: string
  readonly metric: string
  readonly unit: string
  readonly kind: SeriesKind
  readonly part: SeriesPart
  readonly attributes: Attributes
}

/**
 * Samples as columns: entry `i` is `values[i]` of series `seriesIds[i]` at `timesMs[i]` (Unix epoch,
 * milliseconds). All three have the same length. Within one series times ascend strictly.
 */
export interface SampleColumns {
  readonly seriesIds: Uint32Array
  readonly timesMs: Float64Array
  readonly values: Float64Array
}

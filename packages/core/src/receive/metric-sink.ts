import type { AttributeValue } from '@perfmon/protocol'

/** Attributes in the order they were sent; of a repeated key the last counts. Nested values are JSON text. */
export type AttributeList = readonly (readonly [key: string, value: AttributeValue])[]

/** OTLP's AggregationTemporality, by its wire number. */
export const temporality = { unspecified: 0, delta: 1, cumulative: 2 } as const
export type Temporality = (typeof temporality)[keyof typeof temporality]

export interface MetricHeader {
  readonly name: string
  readonly unit: string
  /**
   * Name of the instrumentation scope, empty when it has none. Part of a stream's identity: two libraries
   * of one process may both measure `http.client.request.duration`.
   */
  readonly scope?: string
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponential-histogram' | 'summary'
  readonly temporality: Temporality
  readonly monotonic: boolean
  /**
   * Absent: the sender's own metric. Otherwise made here out of its events or spans, which say the same again: of
   * several sources of one metric the sender's own counts, then events, then spans.
   */
  readonly source?: 'event' | 'span'
}

/**
 * Times are Unix milliseconds with their fraction; `startMs` is 0 when the sender gave none. A point is the sink's
 * for the duration of the call: the decoder writes the next one into the same object.
 */
export interface PointHeader {
  readonly attributes: AttributeList
  readonly startMs: number
  readonly timeMs: number
  /** Flag bit 0, NO_RECORDED_VALUE: the series ends here and the point has no value. */
  readonly noRecordedValue: boolean
}

export interface HistogramPoint extends PointHeader {
  readonly count: number
  /** Absent when the sender recorded negative values. */
  readonly sum: number | undefined
  /** Upper bounds, inclusive, strictly ascending; the last bucket is unbounded. May be empty. */
  readonly bounds: readonly number[]
  /** One more than `bounds`, or empty. Not cumulative over buckets. */
  readonly bucketCounts: readonly number[]
}

export interface ExponentialHistogramPoint extends PointHeader {
  readonly count: number
  readonly sum: number | undefined
  /** base = 2^(2^-scale) */
  readonly scale: number
  readonly zeroCount: number
  readonly zeroThreshold: number
  readonly positive: { readonly offset: number; readonly counts: readonly number[] }
  readonly negative: { readonly offset: number; readonly counts: readonly number[] }
}

export interface SummaryPoint extends PointHeader {
  readonly count: number
  readonly sum: number
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[]
}

/**
 * Hears an OTLP metrics request in the order it is written: a resource, then its metrics, each with its
 * points. Points that cannot be used (unset value, unknown kind) are told by {@link MetricSink.refused}
 * and the rest goes on.
 */
export interface MetricSink {
  /** `joins`: the points go on with what the same agent said in this request already. */
  resource(attributes: AttributeList, joins?: boolean): void
  metric(header: MetricHeader): void
  number(point: PointHeader, value: number): void
  histogram(point: HistogramPoint): void
  exponentialHistogram(point: ExponentialHistogramPoint): void
  summary(point: SummaryPoint): void
  /** `reason` is a sentence for the sender's log. */
  refused(metric: string, points: number, reason: string): void
}

/** The body is not OTLP at all: nothing of it may be kept. `offset` is where, in bytes or characters, when known. */
export class MalformedBody extends Error {
  readonly offset: number | undefined
  constructor(message: string, offset?: number) {
    super(message)
    this.name = 'MalformedBody'
    this.offset = offset
  }
}

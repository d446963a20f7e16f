import { ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { DurationHistogram, MetricAttributes } from '../record/duration-histogram.ts'

export type HrTime = [seconds: number, nanoseconds: number]

export const toHrTime = (unixMs: number): HrTime => [
  Math.floor(unixMs / 1000),
  Math.round((unixMs % 1000) * 1e6) % 1e9,
]

export interface Point {
  readonly value: number
  readonly attributes?: MetricAttributes
}

export interface Window {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

export interface Descriptor {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly integer?: boolean
}

const describe = ({ name, description, unit, integer }: Descriptor) => ({
  name,
  description,
  unit,
  valueType: integer ? ValueType.INT : ValueType.DOUBLE,
})

const noAttributes: MetricAttributes = {}

const toDataPoints = (points: readonly Point[], window: Window): DataPoint<number>[] =>
  points.map(({ value, attributes = noAttributes }) => ({ ...window, attributes, value }))

export const gauge = (descriptor: Descriptor, points: readonly Point[], window: Window): MetricData => ({
  descriptor: describe(descriptor),
  aggregationTemporality: AggregationTemporality.CUMULATIVE,
  dataPointType: DataPointType.GAUGE,
  dataPoints: toDataPoints(points, window),
})

export const upDownSum = (descriptor: Descriptor, points: readonly Point[], window: Window): MetricData => ({
  descriptor: describe(descriptor),
  aggregationTemporality: AggregationTemporality.CUMULATIVE,
  dataPointType: DataPointType.SUM,
  isMonotonic: false,
  dataPoints: toDataPoints(points, window),
})

export const counter = (
  descriptor: Descriptor,
  points: readonly Point[],
  window: Window,
  aggregationTemporality: AggregationTemporality,
): MetricData => ({
  descriptor: describe(descriptor),
  aggregationTemporality,
  dataPointType: DataPointType.SUM,
  isMonotonic: true,
  dataPoints: toDataPoints(points, window),
})

export const histogram = (
  descriptor: Descriptor,
  points: readonly { attributes: MetricAttributes; value: Histogram }[],
  window: Window,
  aggregationTemporality: AggregationTemporality,
): MetricData => ({
  descriptor: describe(descriptor),
  aggregationTemporality,
  dataPointType: DataPointType.HISTOGRAM,
  dataPoints: points.map(({ attributes, value }) => ({ ...window, attributes, value })),
})

/** Cumulative values of every series that has any. Plain arrays: the JSON serialiser wants them. */
export const readHistogram = ({
  series,
  bounds,
}: DurationHistogram): { attributes: MetricAttributes; value: Histogram }[] =>
  series
    .filter(({ count }) => count > 0)
    .map(({ attributes, counts, sum, count, min, max }) => ({
      attributes,
      value: {
        buckets: { boundaries: bounds as number[], counts: Array.from(counts) },
        sum,
        count,
        min,
        max,
      },
    }))

import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { HrTime } from './metric-data.ts'

interface Baseline {
  readonly endTime: HrTime
  readonly values: ReadonlyMap<string, number | Histogram>
}

/**
 * Turns cumulative totals into what was added since the last report that arrived. A report that got lost is
 * contained in the next one, which OpenTelemetry's own delta export does not do.
 */
export interface DeltaView {
  apply(metrics: MetricData[]): MetricData[]
  /** The report made of this collection arrived: count from there. */
  arrived(): void
}

const keyOf = (name: string, attributes: object) => `${name}${JSON.stringify(attributes)}`

const histogramSince = (now: Histogram, before: Histogram | undefined): Histogram => {
  // Minimum and maximum of an interval are unknown from totals, and may be left out.
  const { min: _min, max: _max, ...rest } = now
  if (before === undefined) return rest
  return {
    buckets: {
      boundaries: now.buckets.boundaries,
      counts: now.buckets.counts.map((count, index) => count - before.buckets.counts[index]!),
    },
    sum: (now.sum ?? 0) - (before.sum ?? 0),
    count: now.count - before.count,
  }
}

export const createDeltaView = (): DeltaView => {
  let baseline: Baseline | undefined
  let pending: Baseline | undefined

  return {
    apply(metrics) {
      const values = new Map<string, number | Histogram>()
      let latest: HrTime | undefined
      const changed = metrics.map((metric): MetricData => {
        const { name } = metric.descriptor
        const startOf = (startTime: HrTime) => baseline?.endTime ?? startTime
        if (metric.dataPointType === DataPointType.SUM && metric.isMonotonic) {
          return {
            ...metric,
            aggregationTemporality: AggregationTemporality.DELTA,
            dataPoints: metric.dataPoints.map((point) => {
              const key = keyOf(name, point.attributes)
              values.set(key, point.value)
              latest = point.endTime
              const before = (baseline?.values.get(key) ?? 0) as number
              return { ...point, startTime: startOf(point.startTime), value: point.value - before }
            }),
          }
        }
        if (metric.dataPointType === DataPointType.HISTOGRAM) {
          return {
            ...metric,
            aggregationTemporality: AggregationTemporality.DELTA,
            dataPoints: metric.dataPoints.map((point) => {
              const key = keyOf(name, point.attributes)
              values.set(key, point.value)
              const before = baseline?.values.get(key) as Histogram | undefined
              return {
                ...point,
                startTime: startOf(point.startTime),
                value: histogramSince(point.value, before),
              }
            }),
          }
        }
        return metric
      })
      if (latest !== undefined) pending = { endTime: latest, values }
      return changed
    },
    arrived() {
      baseline = pending ?? baseline
    },
  }
}

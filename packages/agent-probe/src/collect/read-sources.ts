import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import type { Reading, ReadingSource } from '../record/reading.ts'
import { counter, gauge, histogram, readHistogram, upDownSum, type Window } from './metric-data.ts'

const toMetric = (reading: Reading, window: Window): MetricData | undefined => {
  const { kind, descriptor } = reading
  if (kind === 'histogram') {
    const points = readHistogram(reading.recorded)
    return points.length === 0
      ? undefined
      : histogram(descriptor, points, window, AggregationTemporality.CUMULATIVE)
  }
  const { points } = reading
  if (points.length === 0) return undefined
  if (kind === 'gauge') return gauge(descriptor, points, window)
  if (kind === 'upDownCounter') return upDownSum(descriptor, points, window)
  return counter(descriptor, points, window, AggregationTemporality.CUMULATIVE)
}

/** Everything that sources have to tell; nothing of those that were told nothing. */
export const readSources = (
  sources: readonly ReadingSource[],
  window: Window,
  ending: boolean,
): MetricData[] =>
  sources
    .flatMap((read) => read(ending))
    .map((reading) => toMetric(reading, window))
    .filter((metric) => metric !== undefined)

import { type DataPoint, DataPointType, type Histogram, type MetricData } from '@opentelemetry/sdk-metrics'
import type { AnonymizeValue } from './anonymize-attributes.ts'
import { scrubText } from './scrub-text.ts'

type Value = unknown
type Attributes = Readonly<Record<string, Value>>

export interface Scrubber {
  attributes<Given extends Attributes>(given: Given): Given
  /** The same metrics, with series that have become the same added up. */
  metrics(given: MetricData[]): MetricData[]
}

const addHistograms = (a: Histogram, b: Histogram): Histogram => ({
  buckets: {
    boundaries: a.buckets.boundaries,
    counts: a.buckets.counts.map((count, bucket) => count + b.buckets.counts[bucket]!),
  },
  count: a.count + b.count,
  sum: (a.sum ?? 0) + (b.sum ?? 0),
  ...(a.min !== undefined && b.min !== undefined && { min: Math.min(a.min, b.min) }),
  ...(a.max !== undefined && b.max !== undefined && { max: Math.max(a.max, b.max) }),
})

type Point = DataPoint<number | Histogram>

const merge = (points: readonly Point[], add: (a: never, b: never) => unknown): Point[] => {
  const merged = new Map<string, Point>()
  for (const point of points) {
    const key = JSON.stringify(point.attributes)
    const before = merged.get(key)
    const value = before === undefined ? point.value : add(before.value as never, point.value as never)
    merged.set(key, { ...point, value: value as number })
  }
  return [...merged.values()]
}

/**
 * The one gate for every attribute value that leaves the process, of points and of the resource. What a set of attributes
 * becomes is remembered with it, so that each is looked at once and not in every report.
 */
export const createScrubber = (anonymize: AnonymizeValue | undefined): Scrubber => {
  const cleaned = new WeakMap<object, object>()

  const cleanValue = (name: string, value: Value): Value => {
    if (Array.isArray(value)) return value.map((each) => cleanValue(name, each))
    if (typeof value !== 'string') return value
    const plain = scrubText(value)
    return anonymize === undefined ? plain : anonymize(name, plain)
  }

  const attributes = <Given extends Attributes>(given: Given): Given => {
    const known = cleaned.get(given)
    if (known !== undefined) return known as Given
    let result: Record<string, Value> | undefined
    for (const name in given) {
      const value = given[name]
      const clean = cleanValue(name, value)
      // Names of attributes are the agent's too, where its own instruments tell them.
      const cleanName = scrubText(name)
      if (clean === value && cleanName === name) continue
      result ??= { ...given }
      delete result[name]
      result[cleanName] = clean
    }
    const clean = (result ?? given) as Given
    cleaned.set(given, clean)
    return clean
  }

  const scrubMetric = (metric: MetricData): MetricData => {
    let isChanged = false
    const dataPoints = (metric.dataPoints as readonly Point[]).map((point) => {
      const clean = attributes(point.attributes)
      if (clean === point.attributes) return point
      isChanged = true
      return { ...point, attributes: clean }
    })
    if (!isChanged) return metric
    const add =
      metric.dataPointType === DataPointType.HISTOGRAM
        ? addHistograms
        : metric.dataPointType === DataPointType.SUM
          ? (a: number, b: number) => a + b
          : (_a: number, b: number) => b
    return { ...metric, dataPoints: merge(dataPoints, add) } as MetricData
  }

  return { attributes, metrics: (given) => given.map(scrubMetric) }
}

import { isWorthRemembering, ownAttributes } from './own-attributes.ts'

/** Upper bounds in seconds, inclusive: what semantic conventions advise for HTTP durations. */
export const httpDurationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** Upper bounds in seconds for garbage collections, as semantic conventions advise. */
export const gcDurationBounds = [0.01, 0.1, 1, 10]

export type MetricAttributes = Record<string, string | number | boolean>

/** One attribute set's durations since the process started. */
export interface DurationSeries {
  readonly attributes: MetricAttributes
  readonly counts: Float64Array
  readonly failed: boolean
  count: number
  sum: number
  min: number
  max: number
}

/** What another thread recorded under one attribute set since it was last asked. */
export interface RecordedElsewhere {
  /** By bucket. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** Durations in seconds, by attribute set, cumulative. Recording allocates nothing and takes nanoseconds. */
export interface DurationHistogram {
  readonly bounds: readonly number[]
  readonly series: readonly DurationSeries[]
  /** Every attribute set together. `failed` counts those whose attributes hold `error.type`. */
  readonly total: { count: number; sum: number; failed: number }
  /** How many keys are remembered. */
  keyCount(): number
  /** The series that was admitted under this key, if any. */
  find(key: string): DurationSeries | undefined
  /** Admits an attribute set; several keys may lead to the same set. */
  admit(key: string, attributes: MetricAttributes): DurationSeries
  /** `weight` is how many alike it stands for. */
  record(series: DurationSeries, seconds: number, weight?: number): void
  /** Adds what was recorded elsewhere with the same bounds. */
  absorb(series: DurationSeries, recorded: RecordedElsewhere): void
}

/** Shared by all tables: closed when the probe's memory is used up. */
export interface Admission {
  isOpen: boolean
}

/** Largest number of keys remembered per attribute set on average, before they are worked out every time. */
const keysPerSet = 4

/**
 * `maxSets` (and `admission`) bounds memory and what is sent per report: further sets share one series with the attribute
 * `otel.metric.overflow`, as the OpenTelemetry specification has it.
 */
export const createDurationHistogram = ({
  bounds = httpDurationBounds,
  maxSets = 500,
  admission = { isOpen: true },
}: {
  bounds?: readonly number[]
  maxSets?: number
  admission?: Admission
} = {}): DurationHistogram => {
  const byKey = new Map<string, DurationSeries>()
  const bySet = new Map<string, DurationSeries>()
  const series: DurationSeries[] = []
  const total = { count: 0, sum: 0, failed: 0 }

  const open = (attributes: MetricAttributes): DurationSeries => {
    const opened: DurationSeries = {
      attributes,
      counts: new Float64Array(bounds.length + 1),
      failed: attributes['error.type'] !== undefined,
      count: 0,
      sum: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
    }
    series.push(opened)
    return opened
  }

  const overflows = new Map<boolean, DurationSeries>()
  const overflow = (failed: boolean): DurationSeries => {
    const known = overflows.get(failed)
    if (known) return known
    // Failures overflow apart, so that the error ratio survives a flood of attribute sets.
    const opened = open({ 'otel.metric.overflow': true, ...(failed && { 'error.type': '_OTHER' }) })
    overflows.set(failed, opened)
    return opened
  }

  return {
    bounds,
    series,
    total,
    keyCount: () => byKey.size,
    find: (key) => byKey.get(key),
    admit(key, attributes) {
      // Another thread's overflow, to be added to ours.
      if (attributes['otel.metric.overflow'] === true) return overflow(attributes['error.type'] !== undefined)
      const set = JSON.stringify(attributes)
      let admitted = bySet.get(set)
      if (admitted === undefined && bySet.size < maxSets && admission.isOpen) {
        admitted = open(ownAttributes(set))
        bySet.set(set, admitted)
      }
      // An overflowing key is not remembered: whoever floods us with keys would fill that map instead.
      if (admitted === undefined) return overflow(attributes['error.type'] !== undefined)
      if (byKey.size < maxSets * keysPerSet && admission.isOpen && isWorthRemembering(key)) {
        byKey.set(key, admitted)
      }
      return admitted
    },
    record(into, seconds, weight = 1) {
      let bucket = 0
      while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
      into.counts[bucket]! += weight
      into.count += weight
      into.sum += seconds * weight
      if (seconds < into.min) into.min = seconds
      if (seconds > into.max) into.max = seconds
      total.count += weight
      total.sum += seconds * weight
      if (into.failed) total.failed += weight
    },
    absorb(into, { counts, sum, min, max }) {
      let added = 0
      counts.forEach((count, bucket) => {
        into.counts[bucket]! += count
        added += count
      })
      if (added === 0) return
      into.count += added
      into.sum += sum
      into.min = Math.min(into.min, min)
      into.max = Math.max(into.max, max)
      total.count += added
      total.sum += sum
      if (into.failed) total.failed += added
    },
  }
}

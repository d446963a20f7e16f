import type { MetricAttributes } from '../record/duration-histogram.ts'

export interface TallySeries {
  readonly attributes: MetricAttributes
  value: number
}

/** Counters by attribute set, cumulative. */
export interface Tally {
  readonly series: readonly TallySeries[]
  /** Adds to the series of this key; `attributes` is only asked when the key was never seen. */
  add(key: string, amount: number, attributes: () => MetricAttributes): void
}

/** Beyond `maxSets` everything is added to one series with `otel.metric.overflow`. */
export const createTally = ({ maxSets = 500 }: { maxSets?: number } = {}): Tally => {
  const byKey = new Map<string, TallySeries>()
  const series: TallySeries[] = []
  let overflow: TallySeries | undefined

  const open = (attributes: MetricAttributes) => {
    const opened = { attributes, value: 0 }
    series.push(opened)
    return opened
  }

  return {
    series,
    add(key, amount, attributes) {
      let found = byKey.get(key)
      if (found === undefined) {
        if (byKey.size < maxSets) {
          found = open(attributes())
          byKey.set(key, found)
        } else {
          overflow ??= open({ 'otel.metric.overflow': true })
          found = overflow
        }
      }
      found.value += amount
    },
  }
}

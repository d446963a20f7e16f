import type { Admission, MetricAttributes } from '../record/duration-histogram.ts'
import { isWorthRemembering, ownAttributes } from '../record/own-attributes.ts'

export interface TallySeries {
  readonly attributes: MetricAttributes
  value: number
}

/** Counters by attribute set, cumulative. */
export interface Tally {
  readonly series: readonly TallySeries[]
  /**
   * Adds to the series of this key and returns it; `attributes` is only asked when the key was never seen.
   * Several keys may lead to the same attribute set.
   */
  add(key: string, amount: number, attributes: () => MetricAttributes): TallySeries
}

/** Largest number of keys remembered per attribute set on average. */
const keysPerSet = 4

/** Beyond `maxSets` everything is added to one series with `otel.metric.overflow`. */
export const createTally = ({
  maxSets = 500,
  admission = { isOpen: true },
}: {
  maxSets?: number
  admission?: Admission
} = {}): Tally => {
  const byKey = new Map<string, TallySeries>()
  const bySet = new Map<string, TallySeries>()
  const series: TallySeries[] = []
  let overflow: TallySeries | undefined

  const open = (attributes: MetricAttributes) => {
    const opened = { attributes, value: 0 }
    series.push(opened)
    return opened
  }

  const find = (key: string, attributes: MetricAttributes): TallySeries => {
    const isOverflow = attributes['otel.metric.overflow'] === true
    const set = JSON.stringify(attributes)
    let found = isOverflow ? undefined : bySet.get(set)
    if (found === undefined && !isOverflow && bySet.size < maxSets && admission.isOpen) {
      found = open(ownAttributes(set))
      bySet.set(set, found)
    }
    if (found === undefined) {
      overflow ??= open({ 'otel.metric.overflow': true })
      return overflow
    }
    if (byKey.size < maxSets * keysPerSet && admission.isOpen && isWorthRemembering(key))
      byKey.set(key, found)
    return found
  }

  return {
    series,
    add(key, amount, attributes) {
      const found = byKey.get(key) ?? find(key, attributes())
      found.value += amount
      return found
    },
  }
}

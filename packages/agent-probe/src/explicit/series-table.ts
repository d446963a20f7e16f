import type { MetricAttributes } from '../record/duration-histogram.ts'
import { isWorthRemembering, ownAttributes } from '../record/own-attributes.ts'

/** Largest number of attribute sets of an instrument, and of ways to write them. */
const maxSets = 500
const maxKeys = 2000

interface Series {
  readonly attributes: MetricAttributes
  value: number
}

/** Values by attribute set, whatever order the attributes were given in. */
export interface SeriesTable {
  /** Beyond the bound everything is added to one series with `otel.metric.overflow`. */
  add(key: string, amount: number, attributes: () => MetricAttributes): void
  /** Answers false beyond the bound: the last of many is nobody's value. */
  set(key: string, value: number, attributes: () => MetricAttributes): boolean
  points(): readonly Series[]
  clear(): void
}

export const createSeriesTable = (): SeriesTable => {
  const byKey = new Map<string, Series>()
  const bySet = new Map<string, Series>()
  let overflow: Series | undefined

  const find = (key: string, read: () => MetricAttributes): Series | undefined => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    const set = JSON.stringify(read())
    let series = bySet.get(set)
    if (series === undefined && bySet.size < maxSets) {
      series = { attributes: ownAttributes(set), value: 0 }
      bySet.set(set, series)
    }
    if (series !== undefined && byKey.size < maxKeys && isWorthRemembering(key)) byKey.set(key, series)
    return series
  }

  return {
    add(key, amount, attributes) {
      let series = find(key, attributes)
      if (series === undefined) {
        overflow ??= { attributes: { 'otel.metric.overflow': true }, value: 0 }
        series = overflow
      }
      series.value += amount
    },
    set(key, value, attributes) {
      const series = find(key, attributes)
      if (series !== undefined) series.value = value
      return series !== undefined
    },
    points: () => [...bySet.values(), ...(overflow === undefined ? [] : [overflow])],
    clear() {
      byKey.clear()
      bySet.clear()
    },
  }
}

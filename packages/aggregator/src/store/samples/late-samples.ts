/** Late samples that are in the journal and not yet in the database. Of two with one time the later put counts. */
export interface LateSamples {
  put(seriesId: number, timeMs: number, value: number): void
  /** Sets in `found`, value by time, all with `fromMs <= time < toMs`. */
  collect(seriesId: number, range: { fromMs: number; toMs: number }, found: Map<number, number>): void
  entries(): Iterable<readonly [seriesId: number, timeMs: number, value: number]>
  readonly count: number
}

export const createLateSamples = (): LateSamples => {
  const bySeries = new Map<number, Map<number, number>>()
  let count = 0
  return {
    put(seriesId, timeMs, value) {
      let samples = bySeries.get(seriesId)
      if (samples === undefined) {
        samples = new Map()
        bySeries.set(seriesId, samples)
      }
      if (!samples.has(timeMs)) count += 1
      samples.set(timeMs, value)
    },
    collect(seriesId, { fromMs, toMs }, found) {
      for (const [timeMs, value] of bySeries.get(seriesId) ?? []) {
        if (timeMs >= fromMs && timeMs < toMs) found.set(timeMs, value)
      }
    },
    *entries() {
      for (const [seriesId, samples] of bySeries) {
        for (const [timeMs, value] of samples) yield [seriesId, timeMs, value]
      }
    },
    get count() {
      return count
    },
  }
}

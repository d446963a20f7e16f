/** What fell into each bucket of one histogram in a step: `counts[i]` above the bound before and up to `bounds[i]`. */
export interface HistogramCounts {
  /** Ascending; the last may be Infinity. */
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** Cumulative counts at bounds, as histograms are stored (attribute `le`), as counts of each bucket. */
export const fromCumulative = (
  points: readonly (readonly [bound: number, cumulative: number])[],
): HistogramCounts => {
  const sorted = [...points].sort(([a], [b]) => a - b)
  let before = 0
  const counts = sorted.map(([, cumulative]) => {
    // Buckets are read one after the other: one may have seen a sample that the next has not.
    const own = Math.max(0, cumulative - before)
    before = Math.max(before, cumulative)
    return own
  })
  return { bounds: sorted.map(([bound]) => bound), counts }
}

/**
 * Several histograms as one. Equal bounds add up exactly. Where they differ, the result has the bounds of all, and a
 * bucket that spans several of them is spread over these evenly: the same assumption as {@link histogramQuantile}'s.
 */
export const mergeHistograms = (all: readonly HistogramCounts[]): HistogramCounts => {
  const bounds = [...new Set(all.flatMap((histogram) => histogram.bounds))].sort((a, b) => a - b)
  const counts = new Array<number>(bounds.length).fill(0)
  for (const histogram of all) {
    let place = 0
    let low = Math.min(0, histogram.bounds[0] ?? 0)
    for (const [index, bound] of histogram.bounds.entries()) {
      const end = bounds.indexOf(bound, place)
      const own = histogram.counts[index]!
      for (let from = low; place <= end; place += 1) {
        const to = bounds[place]!
        const isSpreadable = Number.isFinite(bound) && bound > low
        counts[place]! += isSpreadable ? (own * (to - from)) / (bound - low) : place === end ? own : 0
        from = to
      }
      low = bound
    }
  }
  return { bounds, counts }
}

/**
 * The value below which the share `quantile` (0 to 1) of what was counted lies, evenly spread within each bucket, as
 * Prometheus' histogram_quantile has it: the first bucket starts at 0 when its bound is above, and what lies in
 * the bucket without a bound is given the last bound there is. NaN when nothing was counted.
 */
export const histogramQuantile = ({ bounds, counts }: HistogramCounts, quantile: number): number => {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (!(total > 0)) return Number.NaN
  const rank = Math.min(1, Math.max(0, quantile)) * total
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    const own = counts[index]!
    if (below + own >= rank && own > 0) {
      const low = index === 0 ? Math.min(0, bound) : bounds[index - 1]!
      if (bound === Number.POSITIVE_INFINITY) return index === 0 ? Number.NaN : low
      return index === 0 && bound <= 0 ? bound : low + ((bound - low) * (rank - below)) / own
    }
    below += own
  }
  return bounds.findLast((bound) => Number.isFinite(bound)) ?? Number.NaN
}

/** A metric at one tick: its logarithm per agent, NaN for an agent that told nothing. */
export type LogRow = Float64Array

/** What the agents' own noise is like, on the log scale. */
export interface Noise {
  /** Lag-1 autocorrelation per tick, pooled over the agents. */
  readonly correlation: number
  /** Variance per agent. */
  readonly variances: Float64Array
  /** A deviation beyond this is a spike: it counts as much as this and no more. */
  readonly clip: number
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** 3.5 deviations of a normal distribution: one value in 2,000 is cut. */
const spikeDeviations = 3.5
/** The median of the absolute deviations of a normal distribution is 0.6745 of its deviation. */
const deviationPerMedian = 1.4826
/** What an agent's variance is worth against that of all: an hour of ticks tells it to some 20 %. */
const ownShare = 0.5
/** Beyond it an hour says nothing about a level: the noise is a random walk. */
const maximumCorrelation = 0.995

/**
 * Noise of agents' residuals (log values less what they share and less their own level), as an AR(1) process per
 * agent with one correlation for all. The correlation is corrected for the mean that was taken out of the same
 * data: its bias is −(1 + 3φ)/n (F. H. C. Marriott and J. A. Pope, Biometrika 41, 1954).
 */
export function fitNoise(residuals: readonly LogRow[], agents: number): Noise {
  const absolute: number[] = []
  for (const row of residuals)
    for (const value of row) if (!Number.isNaN(value)) absolute.push(Math.abs(value))
  const scale = deviationPerMedian * median(absolute)
  const clip = spikeDeviations * (scale > 0 ? scale : 1e-6)
  const cut = (value: number) => Math.max(-clip, Math.min(clip, value))

  const squares = new Float64Array(agents)
  const counts = new Float64Array(agents)
  let product = 0
  let square = 0
  for (const [tick, row] of residuals.entries()) {
    const before = residuals[tick - 1]
    for (let agent = 0; agent < agents; agent++) {
      const value = cut(row[agent] ?? Number.NaN)
      if (Number.isNaN(value)) continue
      squares[agent] = (squares[agent] ?? 0) + value * value
      counts[agent] = (counts[agent] ?? 0) + 1
      const last = cut(before?.[agent] ?? Number.NaN)
      if (Number.isNaN(last)) continue
      product += value * last
      square += (value * value + last * last) / 2
    }
  }
  const ticks = residuals.length
  const raw = square > 0 ? product / square : 0
  const correlation = Math.max(0, Math.min(maximumCorrelation, raw + (1 + 3 * raw) / ticks))
  // The mean taken out of correlated data takes more of its variance along than of independent data.
  const lost = Math.min(0.5, (1 + correlation) / (1 - correlation) / ticks)
  const totalCount = counts.reduce((sum, count) => sum + count, 0)
  const pooled = squares.reduce((sum, one) => sum + one, 0) / Math.max(1, totalCount) / (1 - lost)
  const variances = new Float64Array(agents)
  for (let agent = 0; agent < agents; agent++) {
    const count = counts[agent] ?? 0
    const own = count > 0 ? (squares[agent] ?? 0) / count / (1 - lost) : pooled
    variances[agent] = Math.max(1e-12, ownShare * own + (1 - ownShare) * pooled)
  }
  return { correlation, variances, clip }
}

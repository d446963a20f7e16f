import { fitNoise, type LogRow, median, type Noise } from './noise.ts'

/** The treated agents against the others, at one tick. */
export interface Difference {
  /** Mean log ratio to the agents' own levels, treated less untreated. */
  readonly value: number
  /** Its variance from the agents' own noise. */
  readonly variance: number
}

/** Tells one number per tick in which all that the fleet shares is gone: load, rhythm, incidents. */
export interface Contrast {
  readonly correlation: number
  /** False when there is nobody untreated: what the fleet shares is still in it. */
  readonly hasControls: boolean
  /** Undefined when a side of the comparison told nothing at all. */
  at(row: LogRow): Difference | undefined
}

const isThere = (value: number | undefined): value is number => value !== undefined && !Number.isNaN(value)

/** Each agent's own level: its mean distance from the mean of those who were there. */
function levelsOf(rows: readonly LogRow[], agents: number, center: (row: LogRow) => number): Float64Array {
  const sums = new Float64Array(agents)
  const counts = new Float64Array(agents)
  for (const row of rows) {
    const middle = center(row)
    for (let agent = 0; agent < agents; agent++) {
      const value = row[agent]
      if (!isThere(value)) continue
      sums[agent] = (sums[agent] ?? 0) + value - middle
      counts[agent] = (counts[agent] ?? 0) + 1
    }
  }
  // An agent nobody heard before the change has no level, and takes no part.
  return sums.map((sum, agent) => ((counts[agent] ?? 0) > 0 ? sum / (counts[agent] ?? 1) : Number.NaN))
}

function meanOf(row: LogRow): number {
  let sum = 0
  let count = 0
  for (const value of row) {
    if (Number.isNaN(value)) continue
    sum += value
    count++
  }
  return count > 0 ? sum / count : 0
}

interface Side {
  readonly mean: number
  readonly variance: number
}

/**
 * Learns levels and noise from the rows before the change (at least two), and then compares the treated agents with
 * the untreated: difference in differences, with agents weighted by their noise, and spikes cut.
 */
export function createContrast(before: readonly LogRow[], treated: ArrayLike<number>): Contrast {
  const agents = treated.length
  const isTreated = (agent: number) => treated[agent] === 1
  const hasControls = Array.from(treated).some((one) => one !== 1)
  const center = hasControls ? meanOf : () => 0
  const levels = levelsOf(before, agents, center)
  const residuals = before.map((row) => {
    const middle = center(row)
    return row.map((value, agent) => value - middle - (levels[agent] ?? Number.NaN))
  })
  const noise: Noise = fitNoise(residuals, agents)

  /** The weighted mean of one side around `middle`, which spikes are measured from. */
  function side(row: LogRow, wants: boolean, shared: number, middle: number): Side | undefined {
    let sum = 0
    let weights = 0
    let squares = 0
    for (let agent = 0; agent < agents; agent++) {
      if (isTreated(agent) !== wants) continue
      const deviation = (row[agent] ?? Number.NaN) - (levels[agent] ?? Number.NaN) - shared - middle
      if (Number.isNaN(deviation)) continue
      const variance = noise.variances[agent] ?? 1
      const weight = 1 / variance
      sum += weight * (middle + Math.max(-noise.clip, Math.min(noise.clip, deviation)))
      weights += weight
      squares += weight * weight * variance
    }
    return weights > 0 ? { mean: sum / weights, variance: squares / (weights * weights) } : undefined
  }

  function deviationsOf(row: LogRow, wants: boolean, shared: number): number[] {
    const deviations: number[] = []
    for (let agent = 0; agent < agents; agent++) {
      const deviation = (row[agent] ?? Number.NaN) - (levels[agent] ?? Number.NaN) - shared
      if (isTreated(agent) === wants && !Number.isNaN(deviation)) deviations.push(deviation)
    }
    return deviations
  }

  return {
    correlation: noise.correlation,
    hasControls,
    at(row) {
      // What all share first: without it no agent's own spike can be told.
      const shared = hasControls ? median(deviationsOf(row, false, 0)) : 0
      if (Number.isNaN(shared)) return undefined
      const others = hasControls ? side(row, false, shared, 0) : { mean: 0, variance: 0 }
      // An effect moves all treated agents, a spike one: it is measured from the middle of the treated.
      const treatedSide = side(row, true, shared, median(deviationsOf(row, true, shared)))
      if (others === undefined || treatedSide === undefined) return undefined
      return { value: treatedSide.mean - others.mean, variance: treatedSide.variance + others.variance }
    },
  }
}

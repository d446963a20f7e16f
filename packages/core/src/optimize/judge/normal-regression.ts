/** A parameter of the regression: where it probably is, and how sure that is (infinite: nothing is known). */
export interface Prior {
  readonly mean: number
  readonly deviation: number
}

export interface Parameter {
  readonly mean: number
  readonly variance: number
}

export interface NormalRegression {
  /** One observation `y = x·θ + noise`, independent of the others, with the noise's variance. */
  observe(x: ArrayLike<number>, y: number, variance: number): void
  /** What is known of parameter `index` when all others are unknown too; undefined while it cannot be told. */
  parameter(index: number): Parameter | undefined
}

/**
 * Linear regression with known noise, one observation at a time: the posterior of a normal model (A. Gelman et al.,
 * Bayesian Data Analysis, 3rd ed., section 14.8). The state is the information matrix, so that an observation costs a
 * few multiplications and nothing is kept of it.
 */
export function createNormalRegression(priors: readonly Prior[]): NormalRegression {
  const size = priors.length
  const information = new Float64Array(size * size)
  const vector = new Float64Array(size)
  for (const [index, { mean, deviation }] of priors.entries()) {
    const weight = 1 / deviation ** 2
    information[index * size + index] = weight
    vector[index] = weight * mean
  }

  /** Solves `information · solution = right` by Cholesky; undefined when a parameter has not been seen yet. */
  function solve(right: ArrayLike<number>): Float64Array | undefined {
    const lower = new Float64Array(size * size)
    const solution = new Float64Array(size)
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let sum = information[row * size + column] ?? 0
        for (let k = 0; k < column; k++) sum -= (lower[row * size + k] ?? 0) * (lower[column * size + k] ?? 0)
        if (row !== column) lower[row * size + column] = sum / (lower[column * size + column] ?? 1)
        // Rounding leaves some 1e-12 of the information where there is none.
        else if (sum > 1e-9 * (information[row * size + row] ?? 0)) lower[row * size + row] = Math.sqrt(sum)
        else return undefined
      }
    }
    for (let row = 0; row < size; row++) {
      let sum = right[row] ?? 0
      for (let k = 0; k < row; k++) sum -= (lower[row * size + k] ?? 0) * (solution[k] ?? 0)
      solution[row] = sum / (lower[row * size + row] ?? 1)
    }
    for (let row = size - 1; row >= 0; row--) {
      let sum = solution[row] ?? 0
      for (let k = row + 1; k < size; k++) sum -= (lower[k * size + row] ?? 0) * (solution[k] ?? 0)
      solution[row] = sum / (lower[row * size + row] ?? 1)
    }
    return solution
  }

  return {
    observe(x, y, variance) {
      for (let row = 0; row < size; row++) {
        const weighted = (x[row] ?? 0) / variance
        if (weighted === 0) continue
        for (let column = 0; column < size; column++)
          information[row * size + column] =
            (information[row * size + column] ?? 0) + weighted * (x[column] ?? 0)
        vector[row] = (vector[row] ?? 0) + weighted * y
      }
    },
    parameter(index) {
      const means = solve(vector)
      const unit = new Float64Array(size)
      unit[index] = 1
      const column = solve(unit)
      if (means === undefined || column === undefined) return undefined
      return { mean: means[index] ?? 0, variance: column[index] ?? 0 }
    },
  }
}

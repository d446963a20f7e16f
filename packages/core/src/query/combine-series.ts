/** How several series' numbers of one step become one. */
export type Combination = 'sum' | 'avg' | 'min' | 'max'

/** Step by step; a series without a number there is left out, and a step in which none has one is NaN. */
export const combineSeries = (all: readonly Float64Array[], how: Combination): Float64Array =>
  new Float64Array(all[0]?.length ?? 0).map((_, step) => {
    let combined = Number.NaN
    let count = 0
    for (const values of all) {
      const value = values[step]!
      if (Number.isNaN(value)) continue
      count += 1
      if (count === 1) combined = value
      else if (how === 'min') combined = Math.min(combined, value)
      else if (how === 'max') combined = Math.max(combined, value)
      else combined += value
    }
    return how === 'avg' ? combined / count : combined
  })

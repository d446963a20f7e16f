export const median = (values) => {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Ranks that enclose the median of whatever the values came from with at least 95 %: of n values, the number
 * below it is binomial with p = 1/2. Fewer than six values can promise no more than their least and most.
 */
export const medianRanks = (count) => {
  if (count < 6) return [0, count - 1]
  let probability = 0.5 ** count
  let below = 0
  for (let rank = 0, tail = probability; tail <= 0.025; rank++) {
    below = rank
    probability *= (count - rank) / (rank + 1)
    tail += probability
  }
  return [below, count - 1 - below]
}

/** `median (from to to)`, see {@link medianRanks}; a dash where nothing was measured. */
export const spread = (values, digits) => {
  const known = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  if (known.length === 0) return '–'
  const text = (value) => value.toFixed(digits)
  const [from, to] = medianRanks(known.length)
  return `${text(median(known))} (${text(known[from])} to ${text(known[to])})`
}

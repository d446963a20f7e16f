const firstMs = 1000
const longestMs = 60_000

/**
 * Exponential back-off with full jitter: each wait is random between 0 and a bound that doubles, so that a swarm
 * whose aggregator restarts does not come back in one moment (Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 */
export const createBackOff = (random: () => number) => {
  let boundMs = firstMs
  return {
    next(): number {
      const waitMs = random() * boundMs
      boundMs = Math.min(2 * boundMs, longestMs)
      return waitMs
    },
    /** A wait at the longest bound, and at least half of it: for who was told not to come. */
    longest(): number {
      boundMs = longestMs
      return longestMs * (0.5 + 0.5 * random())
    },
    reset(): void {
      boundMs = firstMs
    },
  }
}

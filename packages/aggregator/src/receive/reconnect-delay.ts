const firstDelayMs = 500
const shortestDelayMs = 20

/**
 * Wait before the next attempt to connect after so many failures in a row, in milliseconds: exponential with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that thousands of agents that were
 * lost in one moment, by a network that broke, do not come back in one. `random` is in [0, 1).
 */
export function reconnectDelayMs(failuresInARow: number, longestMs: number, random: number): number {
  const ceiling = Math.min(longestMs, firstDelayMs * 2 ** Math.min(failuresInARow - 1, 20))
  return Math.max(shortestDelayMs, random * ceiling)
}

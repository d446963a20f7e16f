/** A channel that does not answer is tried again for a day: longer than a night, shorter than nobody caring. */
export const giveUpAfterAttempts = 300
const firstDelayMs = 500
const longestDelayMs = 300_000

/**
 * Wait before attempt `attempts + 1`, in milliseconds: exponential with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), never sooner than the
 * receiver asked for. `random` is in [0, 1).
 */
export function retryDelayMs(attempts: number, random: number, retryAfterMs: number | undefined): number {
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempts, 20))
  // Half fixed, half random: full jitter alone may retry at once, which helps a failing receiver least.
  const delayMs = ceiling / 2 + (random * ceiling) / 2
  return Math.max(delayMs, Math.min(retryAfterMs ?? 0, longestDelayMs))
}

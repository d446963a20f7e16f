/** Time and chance as arguments: production passes these, a test its own. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number
  /** In [0, 1). */
  random(): number
}

export const systemClock: Clock = { nowMs: Date.now, random: Math.random }

/**
 * Wraps what the probe hooks into somebody else's process. A hook that throws is switched off for good and
 * counted: an exception in a diagnostics channel subscriber would otherwise end the agent.
 */
export interface HookGuard {
  wrap<This, Argument>(
    hook: (this: This, argument: Argument) => void,
  ): (this: This, argument: Argument) => void
  failures(): number
  /** Time spent in hooks so far, estimated from the calls that were timed. */
  hookSeconds(): number
}

/** One call in so many is timed. A prime: hooks come in patterns (start, finish), and each must have its turn. */
const timedOneOf = 61

/**
 * Longest time taken for real: most take less than 0.002, and a thread that lost its core in mid-call would count
 * 61 times over. On a crowded machine those few were most of the figure.
 */
const longestMs = 0.02

export const createHookGuard = (): HookGuard => {
  let failures = 0
  let untilTimed = timedOneOf
  let timedMs = 0
  return {
    wrap(hook) {
      let broken = false
      return function guarded(argument) {
        if (broken) return
        const isTimed = --untilTimed === 0
        let beforeMs = 0
        if (isTimed) {
          // Twice: the first look after a while takes longer than what it is to measure.
          performance.now()
          beforeMs = performance.now()
        }
        try {
          hook.call(this, argument)
        } catch {
          broken = true
          failures++
        }
        if (isTimed) {
          const afterMs = performance.now()
          // Looking at the clock takes as long as a quick hook: what it takes is taken off.
          const lookMs = performance.now() - afterMs
          untilTimed = timedOneOf
          timedMs += Math.max(0, Math.min(longestMs, afterMs - beforeMs - lookMs))
        }
      }
    },
    failures: () => failures,
    hookSeconds: () => (timedMs * timedOneOf) / 1000,
  }
}

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

/** Longest time taken for real: a thread that lost its core in mid-call would count 61 times over. */
const longestMs = 0.25

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
        const beforeMs = isTimed ? performance.now() : 0
        try {
          hook.call(this, argument)
        } catch {
          broken = true
          failures++
        }
        if (isTimed) {
          untilTimed = timedOneOf
          timedMs += Math.min(longestMs, performance.now() - beforeMs)
        }
      }
    },
    failures: () => failures,
    hookSeconds: () => (timedMs * timedOneOf) / 1000,
  }
}

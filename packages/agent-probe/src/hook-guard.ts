/**
 * Wraps what the probe hooks into somebody else's process. A hook that throws is switched off for good and
 * counted: an exception in a diagnostics channel subscriber would otherwise end the agent.
 */
export interface HookGuard {
  wrap<This, Argument>(
    hook: (this: This, argument: Argument) => void,
  ): (this: This, argument: Argument) => void
  failures(): number
}

export const createHookGuard = (): HookGuard => {
  let failures = 0
  return {
    wrap(hook) {
      let broken = false
      return function guarded(argument) {
        if (broken) return
        try {
          hook.call(this, argument)
        } catch {
          broken = true
          failures++
        }
      }
    },
    failures: () => failures,
  }
}

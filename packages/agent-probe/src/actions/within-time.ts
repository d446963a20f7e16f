import { ActionError } from './action-error.ts'

/**
 * What the work comes to, or `action-failed` when it takes longer. Work cannot be stopped from outside: who counts
 * what is under way must wait for the work itself. The timer does not keep the agent alive.
 */
export const withinTime = <Value>(
  work: Value | PromiseLike<Value>,
  limitMs: number,
  what: string,
): Promise<Value> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new ActionError('action-failed', `${what} took longer than ${limitMs} ms`)),
      limitMs,
    )
    timer.unref()
    Promise.resolve(work).then(resolve, reject)
    void Promise.resolve(work).then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    )
  })

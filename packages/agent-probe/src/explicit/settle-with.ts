/**
 * Runs the agent's function and tells of its end: of its promise's, if it returns one. What it returns and
 * throws is passed on.
 */
export const settleWith = <Result>(
  work: () => Result,
  { done, failed }: { done: () => void; failed: (error: unknown) => void },
): Result => {
  let result: Result
  try {
    result = work()
  } catch (error) {
    failed(error)
    throw error
  }
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') {
    done()
    return result
  }
  // A promise of our own: a handler on the agent's would hide its unhandled rejection.
  return (result as unknown as Promise<unknown>).then(
    (value) => {
      done()
      return value
    },
    (error: unknown) => {
      failed(error)
      throw error
    },
  ) as Result
}

/**
 * At most `most` calls at a time; the others wait their turn. The caller bounds how many wait.
 *
 * @param {number | (() => number)} most a function may answer differently from time to time
 * @returns {<T>(call: () => Promise<T>) => Promise<T>}
 */
export function limitConcurrency(most) {
  const limit = typeof most === 'function' ? most : () => most
  let running = 0
  const waiting = []
  return async (call) => {
    // Who waits already goes first.
    if (running < limit() && waiting.length === 0) running++
    else await new Promise((resolve) => waiting.push(resolve))
    try {
      return await call()
    } finally {
      running--
      // A place is taken before it is told, so that nobody who comes in between can take it too.
      while (waiting.length > 0 && running < limit()) {
        running++
        waiting.shift()()
      }
    }
  }
}

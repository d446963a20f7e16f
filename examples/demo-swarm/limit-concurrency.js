/**
 * At most `most` calls at a time; the others wait their turn. The caller bounds how many wait.
 *
 * @param {number} most
 * @returns {<T>(call: () => Promise<T>) => Promise<T>}
 */
export function limitConcurrency(most) {
  let running = 0
  const waiting = []
  return async (call) => {
    // A call that ends passes its place on, so nobody who comes later can take it from those who wait.
    if (running < most) running++
    else await new Promise((resolve) => waiting.push(resolve))
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

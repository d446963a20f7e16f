/**
 * Resolves with the first SIGINT or SIGTERM (SIGHUP: the terminal was closed). A second one ends the process at
 * once, for whoever does not want to wait.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(130)
        isStopping = true
        resolve(signal)
      })
    }
  })
}

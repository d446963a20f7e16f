/**
 * Calls `beforeKill` ahead of every signal that the process sends itself by `process.kill`, until the
 * returned function is called. The signal is what the caller named: a name or a number.
 */
export const watchSelfKill = (beforeKill: (signal: string | number) => void): (() => void) => {
  const { kill } = process
  const watched: typeof kill = (pid, signal) => {
    if (pid === process.pid) beforeKill(signal ?? 'SIGTERM')
    return kill.call(process, pid, signal)
  }
  process.kill = watched
  return () => {
    // Whoever has taken it over since keeps it.
    if (process.kill === watched) process.kill = kill
  }
}

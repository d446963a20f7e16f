import type { HookGuard } from '../hook-guard.ts'
import type { AgentExit } from './agent-exit.ts'

/** How many listeners per signal the copies of `signal-exit` have: 3 and 4 keep their count where others find it. */
const signalExitListeners = (): number => {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: { count?: unknown } }
  const shared = globalThis as Record<symbol, { count?: unknown } | undefined>
  const fourth = shared[Symbol.for('signal-exit emitter')]
  const counted = [third?.count, fourth?.count].filter((count) => typeof count === 'number')
  return counted.reduce((sum, count) => sum + count, 0)
}

/** With their numbers, which are the same everywhere: a shell sees 128 more. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/**
 * Sends the last report however the agent ends: naturally, by `process.exit`, by an error or by a signal.
 *
 * A signal that only we listen to is raised again after our listener is gone, so that the agent dies of it
 * as it would have (143 for SIGTERM, and the parent sees the signal). When the agent listens too, it decides
 * whether and when to end; we only remember why.
 *
 * The package `signal-exit`, under many command lines, ends the process when nobody but itself listens. So our
 * listener runs first and takes itself off before others look; and as that package ends by a signal, without an
 * `exit` event, the last report goes out then.
 */
export const watchExit = ({ guard, flush }: { guard: HookGuard; flush: (exit: AgentExit) => void }): void => {
  let reason: AgentExit['reason'] = 'normal'
  let flushed = false

  const flushOnce = (exit: AgentExit) => {
    if (flushed) return
    flushed = true
    flush(exit)
  }

  const onError = guard.wrap(() => {
    // An agent that catches everything lives on.
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback())
      return
    reason = 'crash'
  })
  process.on('uncaughtExceptionMonitor', onError as () => void)

  const flushAtExit = guard.wrap<unknown, number>((code) => flushOnce({ code, reason }))
  // The agent's own listeners may still change the exit code: whichever they left is the one it ends with.
  const onExit = (code: number) => flushAtExit.call(undefined, Number(process.exitCode ?? code))
  process.on('exit', onExit)
  const stayLast = () => {
    process.removeListener('exit', onExit)
    process.on('exit', onExit)
  }
  process.on('newListener', (event, listener) => {
    if (event === 'exit' && listener !== onExit) queueMicrotask(stayLast)
  })

  for (const [signal, number] of Object.entries(signals) as [keyof typeof signals, number][]) {
    const tryFlush = guard.wrap(() => flushOnce({ code: 128 + number, reason: 'signal' }))
    const onSignal = () => {
      const others = process.listenerCount(signal) - 1
      process.removeListener(signal, onSignal)
      if (others === 0) {
        tryFlush.call(undefined, undefined)
        process.kill(process.pid, signal)
        return
      }
      reason = 'signal'
      if (others === signalExitListeners()) tryFlush.call(undefined, undefined)
      setImmediate(() => process.prependListener(signal, onSignal)).unref()
    }
    process.prependListener(signal, onSignal)
  }
}

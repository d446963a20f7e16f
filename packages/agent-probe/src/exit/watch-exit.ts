import type { HookGuard } from '../hook-guard.ts'
import type { AgentExit } from './agent-exit.ts'

/** With their numbers, which are the same everywhere: a shell sees 128 more. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/**
 * Sends the last report however the agent ends: naturally, by `process.exit`, by an error or by a signal.
 *
 * A signal that only we listen to is raised again after our listener is gone, so that the agent dies of it
 * as it would have (143 for SIGTERM, and the parent sees the signal). When the agent listens too, it decides
 * whether and when to end; we only remember why.
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

  const onExit = guard.wrap<unknown, number>((code) => flushOnce({ code, reason }))
  process.on('exit', (code) => onExit.call(undefined, code))

  for (const [signal, number] of Object.entries(signals) as [keyof typeof signals, number][]) {
    const tryFlush = guard.wrap(() => flushOnce({ code: 128 + number, reason: 'signal' }))
    const onSignal = () => {
      if (process.listenerCount(signal) > 1) {
        reason = 'signal'
        return
      }
      tryFlush.call(undefined, undefined)
      process.removeListener(signal, onSignal)
      process.kill(process.pid, signal)
    }
    process.on(signal, onSignal)
  }
}

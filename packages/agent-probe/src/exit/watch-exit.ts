import type { HookGuard } from '../hook-guard.ts'
import type { AgentExit } from './agent-exit.ts'
import { watchExitCode } from './watch-exit-code.ts'
import { watchSignals } from './watch-signals.ts'

/**
 * Sends the last report however the agent ends: naturally, by `process.exit`, by an error or by a signal.
 * When the agent handles a signal, it decides whether and when to end; we only remember why.
 */
export const watchExit = ({ guard, flush }: { guard: HookGuard; flush: (exit: AgentExit) => void }): void => {
  let reason: AgentExit['reason'] = 'normal'
  let flushed = false

  const flushOnce = guard.wrap<unknown, AgentExit>((exit) => {
    if (flushed) return
    flushed = true
    flush(exit)
  })

  watchExitCode({
    guard,
    onCrash() {
      reason = 'crash'
    },
    onEnd: (code) => flushOnce.call(undefined, { code, reason }),
  })
  watchSignals({
    guard,
    onHandled() {
      reason = 'signal'
    },
    onDeath: (code) => flushOnce.call(undefined, { code, reason: 'signal' }),
  })
}

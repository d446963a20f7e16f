import type { HookGuard } from '../hook-guard.ts'
import { stayListening } from './stay-listening.ts'

type ReallyExit = (code?: number | string) => never

/** What Node makes of `process.exitCode`, which may be text. */
const toCode = (exitCode: unknown): number => Number(exitCode) || 0

/**
 * Tells the exit code when nobody can change it any more: an agent's own `exit` listeners, all of which come
 * after ours, may set `process.exitCode` or call `process.exit` again, and then nothing after them is called.
 * There is no event for that moment, so each of the three ways out has its own:
 * - `process.exit`, also from a listener, goes through `process.reallyExit`, which is taken over once the
 *   process is ending, and not before;
 * - at a natural end Node empties the microtask queue once more after the listeners;
 * - for an error that nobody caught there is neither, but it is announced ahead of `exit`, early enough to
 *   become the last listener.
 *
 * `onEnd` may be called more than once; the first call counts.
 */
export const watchExitCode = ({
  guard,
  onCrash,
  onEnd,
}: {
  guard: HookGuard
  onCrash: () => void
  onEnd: (code: number) => void
}): void => {
  let ending = false

  const onExit = guard.wrap<unknown, number>((code) => {
    ending = true
    const ender = process as unknown as { reallyExit: ReallyExit }
    const { reallyExit } = ender
    ender.reallyExit = (finalCode) => {
      onEnd(toCode(finalCode))
      return reallyExit.call(process, finalCode)
    }
    queueMicrotask(() => onEnd(toCode(process.exitCode ?? code)))
  })

  const onError = guard.wrap(() => {
    // An agent that catches everything lives on.
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback())
      return
    onCrash()
    // Thrown by an `exit` listener: nothing more is called.
    if (ending) onEnd(toCode(process.exitCode ?? 1))
    else process.on('exit', (code) => onEnd(toCode(process.exitCode ?? code)))
  })

  stayListening('exit', (code: number) => onExit.call(undefined, code))
  stayListening('uncaughtExceptionMonitor', onError as () => void)
}

import type { EventEmitter } from 'node:events'
import type { HookGuard } from '../hook-guard.ts'
import { watchSelfKill } from './watch-self-kill.ts'

/** With their numbers, which are the same everywhere: a shell sees 128 more. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
type Signal = keyof typeof signals

/**
 * Tells that a signal will end the process (`onDeath`, with the exit code a shell would show), or that one
 * came which the agent handles itself (`onHandled`).
 *
 * A signal that only we listen to is raised again after our listener is gone, so that the agent dies of it
 * as it would have, and its parent sees the signal. For one that others listen to as well, we are gone before
 * they are called: many count the listeners to see whether they are alone, and end the process only then
 * (`signal-exit`, which many packages use). They do so by `process.kill`, as do agents that clean up
 * first: that is when we tell, as no event will follow.
 *
 * Whoever takes us off, ourselves or an agent by `removeAllListeners`: with the event loop's next turn we are
 * back, and first.
 */
/**
 * The kernel keeps signals from the first process of a container unless it listens to them. So one that only we listen
 * to does not end it: without us it would live on as well.
 */
const isInit = process.pid === 1 && process.platform === 'linux'

export const watchSignals = ({
  guard,
  onHandled,
  onDeath,
}: {
  guard: HookGuard
  onHandled: () => void
  onDeath: (code: number) => void
}): void => {
  // Ours, whatever fake clock an agent's tests install later.
  const { setImmediate } = globalThis
  const listeners = new Map<Signal, () => void>()
  const away = new Set<Signal>()

  const beforeKill = (named: string | number) => {
    for (const [signal, number] of Object.entries(signals) as [Signal, number][]) {
      const kills = (named === signal || named === number) && process.listenerCount(signal) === 0
      if (kills) onDeath(128 + number)
    }
  }

  const comeBackSoon = guard.wrap<unknown, Signal>((signal) => {
    away.add(signal)
    if (away.size > 1) return
    const stop = watchSelfKill(beforeKill)
    const comeBack = () => {
      stop()
      for (const gone of away) {
        const ours = listeners.get(gone)!
        // Some take all listeners off and put them back.
        if (!process.listeners(gone).includes(ours)) process.prependListener(gone, ours)
      }
      away.clear()
      if (!(process as EventEmitter).listeners('removeListener').includes(onRemoved))
        process.on('removeListener', onRemoved)
    }
    setImmediate(comeBack).unref()
  })

  const onRemoved = (event: string | symbol, listener: unknown) => {
    const ours = listeners.get(event as Signal)
    if (ours !== undefined && ours === listener) comeBackSoon.call(undefined, event as Signal)
  }
  process.on('removeListener', onRemoved)

  for (const [signal, number] of Object.entries(signals) as [Signal, number][]) {
    const onSignal = () => {
      const alone = process.listeners(signal).every((listener) => listener === onSignal)
      if (alone && isInit) return
      // Before we are gone: a second signal must not cut the last report short.
      if (alone) onDeath(128 + number)
      else onHandled()
      while (process.listeners(signal).includes(onSignal)) process.removeListener(signal, onSignal)
      if (alone) process.kill(process.pid, signal)
    }
    listeners.set(signal, onSignal)
    process.prependListener(signal, onSignal)
  }
}

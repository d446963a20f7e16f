import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import { type Channel, command, keepOriginalSend, type ProcessMessages } from './process-messages.ts'

interface Child {
  spawn?: (this: Child, options: unknown) => unknown
}

const isChannel = (given: object): given is Channel => 'send' in given && typeof given.send === 'function'

/**
 * Messages between a process and its children, by wrapping `send` and `emit` of both ends. No listener is added:
 * one would keep the agent alive, and take messages that wait for the agent's own.
 */
export const watchProcesses = ({
  guard,
  processes,
  isParentWatched,
}: {
  guard: HookGuard
  processes: () => ProcessMessages
  isParentWatched: boolean
}): void => {
  /** The agent gets its message even if we cannot be loaded. */
  const find = guard.wrap<unknown, { processes?: ProcessMessages }>((found) => {
    found.processes = processes()
  })
  const hook = guard.wrap<unknown, Channel>((channel) => {
    keepOriginalSend(channel)
    const { send, emit } = channel
    const onSend = guard.wrap<unknown, unknown>((message) => processes().sending(channel, message))
    const onAside = guard.wrap<unknown, unknown>((aside) => processes().heard(channel, aside))
    const watched = function watched(this: Channel, message: unknown, ...more: unknown[]) {
      onSend(message)
      return send.call(this, message, ...more)
    }
    // Its name and length are what Node's has.
    Object.defineProperties(watched, {
      name: { value: send.name, configurable: true },
      length: { value: send.length, configurable: true },
    })
    channel.send = watched
    Object.defineProperty(channel, 'emit', {
      configurable: true,
      writable: true,
      enumerable: false,
      value(this: Channel, event: string, ...given: unknown[]): boolean {
        if (event === 'internalMessage') {
          const { cmd } = (given[0] ?? {}) as { cmd?: unknown }
          if (cmd === command) {
            onAside(given[0])
            return true
          }
        } else if (event === 'message') {
          const found: { processes?: ProcessMessages } = {}
          find(found)
          const deliver = () => emit.call(this, event, ...given)
          return found.processes === undefined ? deliver() : found.processes.received(channel, deliver)
        }
        return emit.call(this, event, ...given)
      },
    })
  })

  const onChild = guard.wrap<unknown, { process: Child }>(({ process: child }) => {
    const { spawn } = child
    if (typeof spawn !== 'function') return
    child.spawn = function (options) {
      delete child.spawn
      const answer = spawn.call(this, options)
      // It has `send` when it was given a channel.
      if (isChannel(this)) hook(this)
      return answer
    }
  })
  subscribe('child_process', onChild as (message: unknown) => void)

  // A parent without a probe would only be talked at.
  if (!isParentWatched || !isChannel(process)) return
  const channel: Channel = process
  hook(channel)
  const greet = guard.wrap<unknown, Channel>((to) => to.send({ cmd: command, hello: true }, () => {}))
  greet(channel)
}

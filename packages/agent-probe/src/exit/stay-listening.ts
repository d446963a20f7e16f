import type { EventEmitter } from 'node:events'

/**
 * Listens first, and again when an agent takes all listeners off (`process.removeAllListeners`). Back with the next
 * tick: some take them off to put their own order in.
 */
export const stayListening = (event: string, listener: (...values: never[]) => void): void => {
  const events = process as EventEmitter
  const ours = listener as (...values: unknown[]) => void
  // The tick of Node, whatever fake clock an agent's tests install later.
  const { nextTick } = process
  const watch = (removedFrom: string | symbol, removed: unknown) => {
    if (removedFrom !== event || removed !== ours) return
    nextTick(() => {
      if (!events.listeners(event).includes(ours)) events.prependListener(event, ours)
      if (!events.listeners('removeListener').includes(watch)) events.on('removeListener', watch)
    })
  }
  events.prependListener(event, ours)
  events.on('removeListener', watch)
}

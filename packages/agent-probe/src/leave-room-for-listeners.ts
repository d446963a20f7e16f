import type { EventEmitter } from 'node:events'

/**
 * Listens to an object of the agent's. Node warns of a leak at the eleventh listener to one event: the agent may still
 * add its own ten.
 */
export const listenBeside = (emitter: EventEmitter, event: string, listener: () => void): void => {
  const limit = emitter.getMaxListeners()
  // 0 is no limit.
  if (limit > 0) emitter.setMaxListeners(limit + 1)
  emitter.on(event, listener)
}

/**
 * The same for `process`, for one listener of ours to each event, whatever limit the agent sets later: its own, or the
 * one of all emitters. Called once our listeners are there: the default costs a module to look up.
 */
export const leaveRoomForListeners = (): void => {
  const limited = process as unknown as { _maxListeners: number | undefined }
  let given = limited._maxListeners
  Object.defineProperty(process, '_maxListeners', {
    configurable: true,
    enumerable: true,
    get() {
      const limit = given ?? process.getBuiltinModule('node:events').defaultMaxListeners
      return limit > 0 ? limit + 1 : limit
    },
    set(limit: number | undefined) {
      given = limit
    },
  })
}

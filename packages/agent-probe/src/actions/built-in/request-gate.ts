import { AsyncResource } from 'node:async_hooks'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'

interface Limits {
  /** Requests that are served at a time. */
  readonly most: number
  /** Further ones that may wait. */
  readonly queue: number
  /** How long they may. */
  readonly waitMs: number
}

type Emit = (this: http.Server, event: string | symbol, ...args: unknown[]) => boolean

interface Waiting {
  serve(): void
  turnAway(): void
}

/** Of our own requests' server nobody's are limited: who asks must be able to lift the limit. */
export interface RequestGate {
  /** `undefined` takes the gate away: from then on nothing of it is in the way of a request. */
  set(limits: Limits | undefined): void
  state(): { serving: number; waiting: number; turnedAway: number }
}

/**
 * Limits how many HTTP/1 requests the agent serves at a time, over all its servers. It stands in
 * `http.Server.prototype.emit`, which every server looks up for each request, and only while a limit is set: so it
 * works for servers that listen already, and costs nothing when there is none. WebSocket upgrades pass.
 */
export const createRequestGate = (isOwnServer: (server: object) => boolean): RequestGate => {
  let limits: Limits | undefined
  let serving = 0
  let turnedAway = 0
  const queue = new Set<Waiting>()

  const begin = (response: ServerResponse, emit: () => void): void => {
    serving++
    // Comes after the last byte as well as after a caller that left.
    response.once('close', () => {
      serving--
      admit()
    })
    emit()
  }

  const admit = (): void => {
    for (const waiting of queue) {
      if (limits !== undefined && serving >= limits.most) return
      queue.delete(waiting)
      waiting.serve()
    }
  }

  const refuse = (response: ServerResponse): void => {
    turnedAway++
    response.writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain', connection: 'close' })
    response.end('Too many requests are being served. Try again.\n')
  }

  const wait = (response: ServerResponse, waitMs: number, emit: () => void): void => {
    // Its turn comes in another request's context: the agent's AsyncLocalStorage must not see that one.
    const context = new AsyncResource('perfmon.waiting-request')
    const leave = () => {
      queue.delete(waiting)
      clearTimeout(timer)
      response.removeListener('close', leave)
    }
    const waiting: Waiting = {
      serve() {
        leave()
        context.runInAsyncScope(begin, undefined, response, emit)
      },
      turnAway() {
        leave()
        refuse(response)
      },
    }
    const timer = setTimeout(waiting.turnAway, waitMs)
    timer.unref()
    response.once('close', leave)
    queue.add(waiting)
  }

  const gate: Emit = function gated(event, ...args) {
    const emit = () => Reflect.apply(originalEmit, this, [event, ...args])
    const isRequest = event === 'request' || event === 'checkContinue' || event === 'checkExpectation'
    if (limits === undefined || !isRequest || isOwnServer(this)) return emit()
    const [, response] = args as [IncomingMessage, ServerResponse]
    if (serving < limits.most && queue.size === 0) begin(response, emit)
    else if (queue.size < limits.queue) wait(response, limits.waitMs, emit)
    else refuse(response)
    return true
  }
  const originalEmit = http.Server.prototype.emit as Emit
  const prototypes = [http.Server.prototype, https.Server.prototype] as unknown as { emit: Emit }[]
  const isHung = () => Object.hasOwn(http.Server.prototype, 'emit')

  return {
    set(next) {
      limits = next
      if (next !== undefined && !isHung()) {
        for (const prototype of prototypes) {
          Object.defineProperty(prototype, 'emit', {
            value: gate,
            writable: true,
            configurable: true,
            enumerable: false,
          })
        }
      }
      admit()
      if (next === undefined) {
        // Only what is ours: somebody may have wrapped it since, and then it passes everything on.
        for (const prototype of prototypes) {
          if (Object.hasOwn(prototype, 'emit') && prototype.emit === gate) {
            Reflect.deleteProperty(prototype, 'emit')
          }
        }
      }
    },
    state: () => ({ serving, waiting: queue.size, turnedAway }),
  }
}

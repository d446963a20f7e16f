import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HookGuard } from '../hook-guard.ts'
import { listenBeside } from '../leave-room-for-listeners.ts'
import { recordServerRequest } from './record-server-request.ts'
import type { Recordings } from './recordings.ts'

// A symbol property costs a tenth of a WeakMap entry; the map's garbage collection costs more still.
const startedAt = Symbol('perfmon.startedAt')

const standsFor = Symbol('perfmon.standsFor')

type Request = IncomingMessage & { route?: { path?: unknown }; baseUrl?: unknown }
type Response = ServerResponse & { [startedAt]?: number | undefined; [standsFor]?: number }

interface Exchange {
  readonly request: Request
  readonly response: Response
  readonly server: object
}

/**
 * The route as Express notes it. Under a mounted router `baseUrl` holds what the caller really typed, ids
 * included, so such a route is left out rather than leaked.
 */
const routeOf = (request: Request): string | undefined => {
  const path = request.route?.path
  if (typeof path !== 'string' || path.length > 200) return undefined
  return request.baseUrl === undefined || request.baseUrl === '' ? path : undefined
}

/** Ends at the response's last byte, or when the caller leaves before it. */
export const watchHttpServer = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): void => {
  const sampler = recordings.sampling.server

  const end = (response: Response, request: Request, finished: boolean) => {
    const startedAtMs = response[startedAt]!
    response[startedAt] = undefined
    recordServerRequest(recordings, {
      startedAtMs,
      standsFor: response[standsFor],
      isComplete: finished,
      scheme: 'encrypted' in request.socket ? 'https' : 'http',
      method: request.method,
      // A caller that leaves after the head is normal (event streams); before the head nobody answered it.
      status: finished || response.headersSent ? response.statusCode : 0,
      route: routeOf(request),
    })
  }

  const onClose = guard.wrap<Response, unknown>(function closed() {
    if (this[startedAt] !== undefined) end(this, this.req as Request, false)
  })

  const onStart = guard.wrap<unknown, Exchange>(({ response, server }) => {
    if (server === recordings.ownServer) return
    const stands = sampler.next()
    if (stands === 0 && !sampler.rate.importantInFull) return
    response[startedAt] = performance.now()
    if (stands !== 1) response[standsFor] = stands
    recordings.active.server += stands
    if (stands === 0) return
    // One shared listener, no closure. There is no channel for a caller that leaves early.
    listenBeside(response, 'close', onClose as () => void)
  })

  const onFinish = guard.wrap<unknown, Exchange>(({ request, response }) => {
    if (response[startedAt] !== undefined) end(response, request, true)
  })

  subscribe('http.server.request.start', onStart as (message: unknown) => void)
  subscribe('http.server.response.finish', onFinish as (message: unknown) => void)
}

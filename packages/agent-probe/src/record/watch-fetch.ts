import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import { errorTypeName, peerOfOrigin } from './http-names.ts'
import { recordClientRequest } from './record-client-request.ts'
import type { Recordings } from './recordings.ts'

const startedAt = Symbol('perfmon.startedAt')
const standsFor = Symbol('perfmon.standsFor')
const answeredWith = Symbol('perfmon.answeredWith')

interface Request {
  readonly method: string
  readonly origin: string | URL
  readonly upgrade?: string | boolean | null
  [startedAt]?: number | undefined
  [standsFor]?: number
  [answeredWith]?: number
}

/** `fetch` and every other user of undici, bundled with Node or installed: they publish the same channels. */
export const watchFetch = ({ recordings, guard }: { recordings: Recordings; guard: HookGuard }): void => {
  const sampler = recordings.sampling.client

  const end = (request: Request, error: unknown) => {
    const startedAtMs = request[startedAt]
    if (startedAtMs === undefined) return
    request[startedAt] = undefined
    const status = request[answeredWith] ?? 0
    // Undici reports an abort for a body that was cancelled after its head: an agent that had read enough.
    const abandoned = status > 0 && (error as { name?: unknown } | undefined)?.name === 'AbortError'
    const origin = String(request.origin)
    recordClientRequest(recordings, {
      startedAtMs,
      standsFor: request[standsFor],
      method: request.method,
      status,
      failure: error === undefined || abandoned ? undefined : errorTypeName(error),
      peerKey: origin,
      peer: () => peerOfOrigin(origin),
    })
  }

  const onCreate = guard.wrap<unknown, { request: Request }>(({ request }) => {
    // A WebSocket or a tunnel: undici tells of no end, and it is a connection rather than a request.
    if (request.upgrade || request.method === 'CONNECT') return
    const stands = sampler.next()
    if (stands === 0 && !sampler.rate.importantInFull) return
    request[startedAt] = performance.now()
    if (stands !== 1) request[standsFor] = stands
    recordings.active.client += stands
  })
  const onHeaders = guard.wrap<unknown, { request: Request; response: { statusCode: number } }>(
    ({ request, response }) => {
      request[answeredWith] = response.statusCode
    },
  )
  const onTrailers = guard.wrap<unknown, { request: Request }>(({ request }) => end(request, undefined))
  const onError = guard.wrap<unknown, { request: Request; error: unknown }>(({ request, error }) =>
    end(request, error ?? {}),
  )

  subscribe('undici:request:create', onCreate as (message: unknown) => void)
  subscribe('undici:request:headers', onHeaders as (message: unknown) => void)
  subscribe('undici:request:trailers', onTrailers as (message: unknown) => void)
  subscribe('undici:request:error', onError as (message: unknown) => void)
}

import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { HookGuard } from '../hook-guard.ts'
import { listenBeside } from '../leave-room-for-listeners.ts'
import { errorTypeName, type PeerName, peerOfOrigin } from './http-names.ts'
import { recordClientRequest } from './record-client-request.ts'
import type { Recordings } from './recordings.ts'

const startedAt = Symbol('perfmon.startedAt')
const standsFor = Symbol('perfmon.standsFor')
const failedWith = Symbol('perfmon.failedWith')

type Request = Omit<ClientRequest, 'socketPath'> & {
  res?: IncomingMessage | null
  socketPath?: string | null
  [startedAt]?: number | undefined
  [standsFor]?: number
  [failedWith]?: unknown
}

/** A `Host` header may be the agent's own idea (proxies, tests): it only tells the port of the same host. */
const peerOf = (request: Request, hostHeader: string): PeerName => {
  if (request.socketPath) return { host: 'unix', port: undefined }
  const plain = peerOfOrigin(
    `${request.protocol}//${request.host.includes(':') ? `[${request.host}]` : request.host}`,
  )
  const named = peerOfOrigin(`${request.protocol}//${hostHeader}`)
  return named.host === plain.host ? named : plain
}

/**
 * `node:http` and `node:https` as a client. Ends when the request closes, which Node promises for every
 * request: the last byte of the answer, an error, an abort or an upgrade.
 */
export const watchHttpClient = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): void => {
  const sampler = recordings.sampling.client

  const onClose = guard.wrap<Request, unknown>(function closed() {
    const startedAtMs = this[startedAt]
    if (startedAtMs === undefined) return
    this[startedAt] = undefined
    const answer = this.res ?? undefined
    const status = answer?.statusCode ?? 0
    // `errored` is set when the peer cut the answer short, and not when the agent had read enough.
    const error = answer === undefined ? (this[failedWith] ?? { name: 'aborted' }) : answer.errored
    const hostHeader = String(this.getHeader('host') ?? '')
    recordClientRequest(recordings, {
      startedAtMs,
      standsFor: this[standsFor],
      method: this.method,
      status,
      failure: error ? errorTypeName(error) : undefined,
      peerKey: `${this.protocol}//${this.host}|${hostHeader}|${this.socketPath ? 'unix' : ''}`,
      peer: () => peerOf(this, hostHeader),
    })
  })

  const onCreated = guard.wrap<unknown, { request: Request }>(({ request }) => {
    if (recordings.isDialling) return
    const stands = sampler.next()
    if (stands === 0 && !sampler.rate.importantInFull) return
    request[startedAt] = performance.now()
    if (stands !== 1) request[standsFor] = stands
    recordings.active.client += stands
    listenBeside(request as ClientRequest, 'close', onClose as () => void)
  })

  const onError = guard.wrap<unknown, { request: Request; error: unknown }>(({ request, error }) => {
    if (request[startedAt] !== undefined) request[failedWith] = error
  })

  // `created`, not `start`: the latter is published only when the request's body has been handed over.
  subscribe('http.client.request.created', onCreated as (message: unknown) => void)
  subscribe('http.client.request.error', onError as (message: unknown) => void)
}

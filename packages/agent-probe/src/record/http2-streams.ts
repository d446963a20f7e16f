import { subscribe } from 'node:diagnostics_channel'
import type {
  ClientHttp2Stream,
  Http2Session,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2'
import type { HookGuard } from '../hook-guard.ts'
import { listenBeside } from '../leave-room-for-listeners.ts'
import { errorTypeName, peerOfOrigin } from './http-names.ts'
import { recordClientRequest } from './record-client-request.ts'
import { recordServerRequest } from './record-server-request.ts'
import type { Recordings } from './recordings.ts'

const startedAt = Symbol('perfmon.startedAt')
const askedFor = Symbol('perfmon.askedFor')
const isEncrypted = Symbol('perfmon.isEncrypted')
const answeredWith = Symbol('perfmon.answeredWith')
const failedWith = Symbol('perfmon.failedWith')
const isOfUndici = Symbol('perfmon.isOfUndici')

type Served = ServerHttp2Stream & {
  [startedAt]?: number
  [askedFor]?: IncomingHttpHeaders
  [isEncrypted]?: boolean
}
type Made = ClientHttp2Stream & {
  [startedAt]?: number
  [answeredWith]?: number
  [failedWith]?: unknown
}
type Session = Http2Session & { [isOfUndici]?: boolean }

/** Follows streams of `node:http2` from their start to their last byte, trailers included. */
export interface Http2Streams {
  served(message: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders }): void
  made(message: { stream: ClientHttp2Stream }): void
}

/**
 * Undici makes its HTTP/2 requests with `node:http2` and tells of them itself. Its sessions carry a count of
 * their streams, under a symbol of this name since it speaks HTTP/2.
 */
const ofUndici = (session: Session | undefined): boolean => {
  if (session === undefined) return false
  session[isOfUndici] ??= Object.getOwnPropertySymbols(session).some(
    ({ description }) => description === 'open streams',
  )
  return session[isOfUndici]
}

const text = (headers: OutgoingHttpHeaders | undefined, name: string): string | undefined => {
  const value = headers?.[name]
  return typeof value === 'string' ? value : undefined
}

/** A connection that failed takes its streams along, and is the cause of what they say. */
const reasonOf = (error: unknown): unknown => {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  return code === 'ERR_HTTP2_STREAM_CANCEL' && cause !== undefined ? cause : error
}

/** A stream that the server began: nobody asked for it. Those have even numbers. */
const isPushed = ({ id }: { readonly id?: number | undefined }) => id !== undefined && id % 2 === 0

/** A stream that was reset for nothing (0) or because its reader had enough (8, CANCEL) has not failed. */
const isFine = (resetCode: number | undefined) =>
  resetCode === undefined || resetCode === 0 || resetCode === 8

export const createHttp2Streams = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): Http2Streams => {
  const onServed = guard.wrap<Served, unknown>(function closed() {
    const startedAtMs = this[startedAt]
    if (startedAtMs === undefined) return
    recordServerRequest(recordings, {
      startedAtMs,
      scheme: this[isEncrypted] ? 'https' : 'http',
      method: text(this[askedFor], ':method'),
      status: this.headersSent ? Number(this.sentHeaders?.[':status'] ?? 0) : 0,
      route: undefined,
      protocolVersion: '2',
    })
  })

  const onMade = guard.wrap<Made, unknown>(function closed() {
    const startedAtMs = this[startedAt]
    if (startedAtMs === undefined) return
    const headers = this.sentHeaders as OutgoingHttpHeaders | undefined
    const status = this[answeredWith] ?? 0
    const error = this[failedWith]
    const failure = (): string | undefined => {
      if (error !== undefined) return errorTypeName(reasonOf(error))
      if (status === 0) return 'aborted'
      return isFine(this.rstCode) ? undefined : 'ERR_HTTP2_STREAM_ERROR'
    }
    const origin = `${text(headers, ':scheme') ?? 'https'}://${text(headers, ':authority') ?? ''}`
    recordClientRequest(recordings, {
      startedAtMs,
      method: text(headers, ':method') ?? 'GET',
      status,
      failure: failure(),
      peerKey: origin,
      peer: () => peerOfOrigin(origin),
      protocolVersion: '2',
    })
  })

  // What a stream that nobody follows tells is dropped: it has no start.
  const onHead = guard.wrap<unknown, { stream: Made; headers: IncomingHttpHeaders }>(
    ({ stream, headers }) => {
      if (stream[startedAt] !== undefined) stream[answeredWith] = Number(headers[':status'] ?? 0)
    },
  )
  const onError = guard.wrap<unknown, { stream: Made; error: unknown }>(({ stream, error }) => {
    if (stream[startedAt] !== undefined) stream[failedWith] = error
  })
  subscribe('http2.client.stream.finish', onHead as (message: unknown) => void)
  subscribe('http2.client.stream.error', onError as (message: unknown) => void)

  return {
    served({ stream, headers }: { stream: Served; headers: IncomingHttpHeaders }) {
      if (isPushed(stream)) return
      stream[startedAt] = performance.now()
      stream[askedFor] = headers
      stream[isEncrypted] = stream.session?.encrypted === true
      recordings.active.server++
      listenBeside(stream, 'close', onServed as () => void)
    },
    made({ stream }: { stream: Made }) {
      if (isPushed(stream) || ofUndici(stream.session)) return
      stream[startedAt] = performance.now()
      recordings.active.client++
      listenBeside(stream, 'close', onMade as () => void)
    },
  }
}

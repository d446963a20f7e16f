import type { IncomingMessage } from 'node:http'
import type { HookGuard } from '../hook-guard.ts'
import type { IsInternal } from './internal-host.ts'
import type { MessageContext, MessageContexts } from './message-context.ts'
import type { Messenger } from './messenger.ts'
import type { OpenEnds } from './open-ends.ts'
import type { MessageRecorder } from './record-messages.ts'

const transport = 'websocket'
/** How often a connection in use is pinged. */
const pingEveryMs = 5000
/** By which our pings are told from the agent's. */
const pingMark = 'perfmon:'

interface Socket {
  readonly readyState?: number
  readonly _socket?: { readonly remoteAddress?: string }
  send(data: unknown, ...more: unknown[]): unknown
  ping?(data: string): void
  emit(event: string, ...given: unknown[]): boolean
}
type Upgraded = (socket: Socket, request: IncomingMessage) => unknown

export interface SocketMessages {
  /** The classes of the package `ws`, as they are loaded. */
  socket(socketClass: unknown): void
  server(serverClass: unknown): void
}

interface Connection {
  pingedAtMs: number
  pings: number
}

const bytesOf = (data: unknown): number | undefined => {
  if (typeof data === 'string') return Buffer.byteLength(data)
  if (Array.isArray(data)) return data.reduce((sum, part) => sum + (bytesOf(part) ?? 0), 0)
  const { byteLength, size } = (data ?? {}) as { byteLength?: unknown; size?: unknown }
  if (typeof byteLength === 'number') return byteLength
  return typeof size === 'number' ? size : undefined
}

/**
 * WebSockets of the package `ws`: who connected, by the upgrade request; how many messages of what size; the
 * round trip of pings. A message has no place for a sender or a time, and is not altered to get one.
 */
export const createSocketMessages = ({
  messenger,
  messages,
  contexts,
  openEnds,
  guard,
  isInternal,
  now,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
  openEnds: OpenEnds
  guard: HookGuard
  isInternal: IsInternal
  now: () => number
}): SocketMessages => {
  const connections = new WeakMap<Socket, Connection>()

  const onSend = guard.wrap<Socket, unknown>(function sending(data) {
    // Not open: what is sent is lost, or thrown back.
    if (this.readyState !== 1) return
    messages.sent(transport, bytesOf(data))
    contexts.caused()
    const known = connections.get(this) ?? { pingedAtMs: now(), pings: 0 }
    connections.set(this, known)
    const nowMs = now()
    const address = this._socket?.remoteAddress
    // Not somebody else's server: it need not answer for us.
    if (nowMs - known.pingedAtMs < pingEveryMs) return
    if (address === undefined || !isInternal(address)) return
    known.pingedAtMs = nowMs
    known.pings++
    this.ping?.(`${pingMark}${known.pings}`)
  })

  const onMessage = guard.wrap<Socket, { data: unknown; context?: MessageContext }>((received) => {
    const context = messenger.receive({
      transport,
      traceParent: undefined,
      traceState: undefined,
      bytes: bytesOf(received.data),
      fromAnyone: true,
    })
    openEnds.add(context)
    received.context = context
  })

  /** Answers whether the pong is ours. */
  const isOurs = (data: unknown): boolean =>
    data instanceof Uint8Array &&
    data.byteLength < 32 &&
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1').startsWith(pingMark)

  const onPong = guard.wrap<Socket, unknown>(function ponged() {
    const known = connections.get(this)
    if (known === undefined) return
    messages.roundTrip({ transport, peer: undefined, seconds: (now() - known.pingedAtMs) / 1000 })
  })

  const onUpgrade = guard.wrap<unknown, IncomingMessage>(({ headers }) => {
    messenger.receive({
      transport,
      traceParent: headers.traceparent,
      traceState: headers.tracestate,
      fromAnyone: false,
    })
  })

  return {
    socket(given) {
      const { prototype } = given as { prototype: Socket }
      const { send, emit } = prototype
      if (typeof send !== 'function' || typeof emit !== 'function') return
      prototype.send = function watched(data, ...more) {
        onSend.call(this, data)
        return send.call(this, data, ...more)
      }
      Object.defineProperty(prototype, 'emit', {
        configurable: true,
        writable: true,
        value(this: Socket, event: string, ...more: unknown[]): boolean {
          if (event === 'pong' && isOurs(more[0])) {
            onPong.call(this, undefined)
            return true
          }
          if (event !== 'message') return emit.call(this, event, ...more)
          const received: { data: unknown; context?: MessageContext } = { data: more[0] }
          onMessage.call(this, received)
          const deliver = () => emit.call(this, event, ...more)
          return received.context === undefined ? deliver() : contexts.within(received.context, deliver)
        },
      })
    },
    server(given) {
      const { prototype } = given as {
        prototype: { handleUpgrade(request: IncomingMessage, ...more: [unknown, unknown, Upgraded]): unknown }
      }
      const { handleUpgrade } = prototype
      if (typeof handleUpgrade !== 'function') return
      prototype.handleUpgrade = function watched(request, socket, head, done) {
        return handleUpgrade.call(this, request, socket, head, (webSocket, asked) => {
          onUpgrade(asked)
          return done(webSocket, asked)
        })
      }
    },
  }
}

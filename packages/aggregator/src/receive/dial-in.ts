import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { agentHelloSchema } from '@perfmon/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '../system/logger.ts'
import { maxAnswerBytes } from './converse.ts'
import type { Poller } from './run-poller.ts'

/** As many as can be polled by address. */
const mostConnections = 5_000
/** Behind one NAT there is a whole swarm. */
const mostPerAddress = 1_000
/** Connections that have not said who they are. */
const mostStrangers = 200
const helloWithinMs = 5_000

const codes = { noHello: 4408, refused: 4403 } as const

export interface DialIn {
  /** Takes an upgrade request whose sender may ask at all. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  stats(): {
    connections: number
    refused: Readonly<Record<'too-many' | 'browser' | 'no-hello' | 'identity', number>>
  }
  close(): void
}

/**
 * The door for agents that the aggregator cannot reach: they connect, say who they are, and are asked over that
 * connection from then on.
 */
export function createDialIn({ poller, logger }: { poller: Pick<Poller, 'adopt'>; logger: Logger }): DialIn {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxAnswerBytes,
    perMessageDeflate: false,
  })
  const open = new Set<WebSocket>()
  const perAddress = new Map<string, number>()
  const refused = { 'too-many': 0, browser: 0, 'no-hello': 0, identity: 0 }
  let strangers = 0

  function turnAway(socket: Duplex, status: string, why: keyof typeof refused) {
    refused[why] += 1
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
  }

  function welcome(socket: WebSocket, address: string) {
    open.add(socket)
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    strangers += 1
    let isStranger = true
    const known = () => {
      if (!isStranger) return
      isStranger = false
      strangers -= 1
      clearTimeout(timer)
    }
    const refuse = (code: number, reason: string, why: keyof typeof refused) => {
      refused[why] += 1
      socket.close(code, reason)
      known()
      // Who does not close in turn is not waited for.
      setTimeout(() => socket.terminate(), 1_000).unref()
    }
    const timer = setTimeout(() => refuse(codes.noHello, 'no agent_hello in time', 'no-hello'), helloWithinMs)
    // A conversation takes its listeners away with it: this one is kept with the connection itself.
    const transport = (socket as WebSocket & { _socket: Duplex })._socket
    transport.once('close', () => {
      known()
      open.delete(socket)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
    socket.on('error', () => socket.terminate())
    socket.once('message', (data, isBinary) => {
      const hello = agentHelloSchema.safeParse(isBinary ? undefined : parseJson(data.toString()))
      if (!hello.success) return refuse(codes.noHello, 'the first message must be an agent_hello', 'no-hello')
      known()
      const { agentId, secret } = hello.data
      socket.removeAllListeners()
      if (poller.adopt({ socket, address: dialAddress(secret), id: agentId })) return
      socket.on('error', () => socket.terminate())
      logger.warn({ agent: agentId }, 'an agent dialled in as one that reports from elsewhere')
      refuse(codes.refused, 'another agent reports under this id', 'identity')
    })
  }

  return {
    upgrade(request, socket, head) {
      const address = request.socket.remoteAddress ?? ''
      // Only browsers send an origin; none of their pages is an agent.
      if (request.headers.origin !== undefined) return turnAway(socket, '403 Forbidden', 'browser')
      const isFull =
        open.size >= mostConnections ||
        strangers >= mostStrangers ||
        (perAddress.get(address) ?? 0) >= mostPerAddress
      if (isFull) return turnAway(socket, '503 Service Unavailable', 'too-many')
      sockets.handleUpgrade(request, socket, head, (webSocket) => welcome(webSocket, address))
    },
    stats: () => ({ connections: open.size, refused: { ...refused } }),
    close() {
      for (const socket of open) socket.close(1001, 'the aggregator stops')
      sockets.close()
    },
  }
}

function dialAddress(secret: string): string {
  return `dial-in:${createHash('sha256').update(secret).digest('hex')}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

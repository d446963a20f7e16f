import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { MetricsError } from '@perfmon/protocol'
import { WebSocketServer } from 'ws'
import { isLoopback, type WebSocketSettings } from '../configure/read-settings.ts'
import type { Recordings } from '../record/recordings.ts'
import type { WriteLine } from '../write-line.ts'
import { admitPeer, type Refusal } from './admit-peer.ts'
import { limitRate } from './limit-rate.ts'
import { listenOnFreePort } from './listen-on-free-port.ts'
import type { MessageAnswers } from './message-answers.ts'
import { maxPayloadBytes, servePeer } from './serve-peer.ts'

const maxSockets = 32
/** Else who comes back for each burst of messages would not be limited: 130,000 answers in 5 s, 44 % of a core. */
const connectionsPerSecond = 200
/** Who says nothing for this long is gone, or only here to take a place. */
const idleMs = 300_000
const closeTimeoutMs = 250

const reasons = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' }

const refuseUpgrade = (socket: Duplex, { status, message }: Refusal) => {
  const error: Omit<MetricsError, 'code'> & { code?: MetricsError['code'] } = {
    type: 'error',
    ...(status === 401 && { code: 'unauthorized' as const }),
    message,
  }
  const body = JSON.stringify(error)
  socket.on('error', () => {})
  socket.end(
    `HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

const advertisedHost = (host: string, hostName: string): string => {
  const reachable = host === '0.0.0.0' || host === '::' ? hostName : host
  return reachable.includes(':') ? `[${reachable}]` : reachable
}

/**
 * Answers `metrics_request` at `/metrics`. Nothing here keeps the agent alive: server, connections and
 * timers are unreferenced. Returns the URL to ask at, or `undefined` after one line about why not.
 */
export const listenForMetricsRequests = async ({
  webSocket: { host, firstPort, lastPort, token },
  recordings,
  writeLine,
  answers,
  hostName,
}: {
  webSocket: WebSocketSettings
  recordings: Recordings
  writeLine: WriteLine
  answers: MessageAnswers
  hostName: string
}): Promise<string | undefined> => {
  // Also refused when the settings are read; an agent that the network can act on is worth two looks.
  const mayAct = token !== undefined || isLoopback(host)
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 2500 },
    (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' })
      response.end('Ask over WebSocket: {"type":"metrics_request"} to /metrics\n')
    },
  )
  server.maxConnections = 2 * maxSockets
  server.on('connection', (socket) => socket.unref())
  recordings.ownServer = server

  const options = {
    noServer: true,
    clientTracking: true,
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
    // Its timer is referenced, and its default of 30 s would hold an agent that wants to end.
    closeTimeout: closeTimeoutMs,
  }
  const answering = new WebSocketServer(options)
  const mayConnect = limitRate(connectionsPerSecond)

  server.on('upgrade', (request, socket, head) => {
    try {
      const refusal = admitPeer({
        request,
        token,
        sockets: answering.clients.size,
        maxSockets,
        isInRate: () => mayConnect(performance.now()),
      })
      if (refusal) refuseUpgrade(socket, refusal)
      else {
        answering.handleUpgrade(request, socket, head, (peer) => {
          servePeer({ peer, answers, mayAct })
          ;(socket as Socket).setTimeout(idleMs, () => peer.terminate())
        })
      }
    } catch {
      socket.destroy()
    }
  })

  try {
    const port = await listenOnFreePort({ server, host, firstPort, lastPort })
    server.on('error', () => {})
    return `ws://${advertisedHost(host, hostName)}:${port}/metrics`
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    const ports = firstPort === lastPort ? `port ${firstPort}` : `ports ${firstPort} to ${lastPort}`
    writeLine(
      'warn',
      `cannot answer metrics_request on ${host} ${ports} (${code}): set PERFMON_WS_PORT to a free port, to a` +
        ' range such as 3000-3099, or to 0 for any. The agent is not affected.',
    )
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { AgentHello } from '@perfmon/protocol'
import { type ClientOptions, WebSocket } from 'ws'
import type { DialOutSettings } from '../configure/read-dial-out.ts'
import { abandonWhenAlone } from '../send/abandon-when-alone.ts'
import { openSocket } from '../send/open-socket.ts'
import type { WriteLine } from '../write-line.ts'
import { createBackOff } from './back-off.ts'
import type { MessageAnswers } from './message-answers.ts'
import { maxPayloadBytes, servePeer } from './serve-peer.ts'

const handshakeTimeoutMs = 10_000
/** After this long without a byte the aggregator is asked whether it is there; after as long again it is not. */
const silenceMs = 60_000
/** One lost connection is a restarting aggregator; two failures in a row are worth a line. */
const failuresBeforeLine = 2
/** Close codes of the aggregator that mean: not so soon again. */
const unwantedCodes = new Set([4403, 4408, 4409])
/**
 * A restarted agent that keeps its `service.instance.id` is taken for somebody else (4403) until its own reports say that
 * this connection is its: the first of them is on its way.
 */
const unknownCode = 4403
const refusalsInPatience = 3
const firstReportMs = 2000

export interface DialOutOptions {
  readonly dialOut: DialOutSettings
  readonly hello: AgentHello
  readonly answers: MessageAnswers
  readonly writeLine: WriteLine
  /** Runs something that makes an HTTP request which is not the agent's. */
  readonly uncounted: <Value>(make: () => Value) => Value
  /** In [0, 1). */
  readonly random: () => number
  /** Calls later, without keeping the agent alive. */
  readonly later: (call: () => void, ms: number) => void
}

/**
 * Connects to the aggregator, says who it is, and answers what is asked from then on; connects again, after a
 * growing and random wait, whenever that ends. Nothing here keeps the agent alive, and it goes on for as long as
 * the agent lives.
 */
export const startDialOut = ({
  dialOut: { url, token, certificateFile, mayAct },
  hello,
  answers,
  writeLine,
  uncounted,
  random,
  later,
}: DialOutOptions): void => {
  const backOff = createBackOff(random)
  const { protocol, host } = new URL(url)
  const place = `${protocol}//${host}`
  let failures = 0

  /** A connecting socket keeps the process alive, unreferenced or not: let go when it is the last thing that does. */
  const connect = (): Socket => {
    const socket = openSocket(url.replace(/^ws/, 'http'), {
      // Said here: NODE_TLS_REJECT_UNAUTHORIZED=0 of the agent is not for whom it takes orders from.
      rejectUnauthorized: true,
      ...(certificateFile !== undefined && { ca: readFileSync(certificateFile) }),
    })
    socket.unref()
    socket.once('close', abandonWhenAlone(socket))
    return socket
  }

  const watchSilence = (peer: WebSocket, socket: Socket) => {
    let isAsked = false
    peer.on('pong', () => {
      isAsked = false
    })
    socket.setTimeout(silenceMs, () => {
      if (isAsked) return peer.terminate()
      isAsked = true
      peer.ping()
    })
  }

  const begin = (peer: WebSocket, socket: Socket) => {
    peer.send(JSON.stringify(hello))
    servePeer({ peer, answers, mayAct })
    watchSilence(peer, socket)
    // Only who asks has taken us: a hello can still be refused.
    peer.once('message', () => {
      if (failures >= failuresBeforeLine) writeLine('warn', `connected to the aggregator at ${place} again`)
      failures = 0
      backOff.reset()
    })
  }

  const lost = (reason: string, code?: number) => {
    failures++
    if (failures === failuresBeforeLine) {
      writeLine(
        'warn',
        `cannot connect to the aggregator at ${place} (${reason}). The agent is not affected; it is tried again.` +
          ' Set PERFMON_AGGREGATOR_URL to where its dashboard is, and PERFMON_TOKEN to its token.',
      )
    }
    if (code === unknownCode && failures <= refusalsInPatience) later(dial, firstReportMs + backOff.next())
    else later(dial, code !== undefined && unwantedCodes.has(code) ? backOff.longest() : backOff.next())
  }

  const dial = () => {
    let socket: Socket | undefined
    let reason = 'the connection was closed'
    try {
      const options: ClientOptions & { closeTimeout: number } = {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        createConnection: () => {
          socket = connect()
          return socket
        },
        perMessageDeflate: false,
        followRedirects: false,
        maxPayload: maxPayloadBytes,
        handshakeTimeout: handshakeTimeoutMs,
        // Its timer is referenced, and its default of 30 s would hold an agent that wants to end.
        closeTimeout: 250,
      }
      const peer = uncounted(() => new WebSocket(url, options))
      peer.on('error', (error: NodeJS.ErrnoException) => {
        reason = error.code ?? error.message
      })
      peer.on('open', () => begin(peer, socket!))
      peer.on('close', (code) => lost(reason, code))
    } catch (error) {
      lost((error as Error).message)
    }
  }
  dial()
}

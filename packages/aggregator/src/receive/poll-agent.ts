import type { MetricsResponse } from '@perfmon/protocol'
import { WebSocket } from 'ws'
import { type Line, LineError } from '../act/line.ts'
import type { Clock } from '../system/clock.ts'
import type { ConnectionGate } from './connection-gate.ts'
import { type Conversation, converse, maxAnswerBytes, noPolls, type PollCounts } from './converse.ts'
import { reconnectDelayMs } from './reconnect-delay.ts'

export interface PollAgentOptions {
  readonly url: string
  readonly intervalMs: number
  /** No answer within this is a failed poll; the connection is made anew. */
  readonly timeoutMs: number
  /** Longest wait between two attempts to connect. */
  readonly longestWaitMs: number
  readonly token: string | undefined
  readonly gate: ConnectionGate
  readonly clock: Clock
  readonly onAnswer: (response: MetricsResponse, url: string) => void
  /** Told once per change, not once per attempt. */
  readonly onStateChange: (state: 'answering' | 'failing', url: string, reason: string) => void
}

export interface PolledAgent extends Line {
  readonly url: string
  isConnected(): boolean
  stats(): Readonly<PollCounts>
  close(): void
}

/**
 * Connects to an agent and asks how it is, again and again.
 *
 * Whatever fails (connection, time, an answer that is none) ends the connection; the next one is tried after a
 * growing, jittered wait.
 */
export function pollAgent(options: PollAgentOptions): PolledAgent {
  const { url, intervalMs, timeoutMs, longestWaitMs, token, gate, clock, onAnswer, onStateChange } = options
  const counts = noPolls()
  let conversation: Conversation | undefined
  let connecting: WebSocket | undefined
  let timer: NodeJS.Timeout | undefined
  let leaveGate: (() => void) | undefined
  let failuresInARow = 0
  let state: 'answering' | 'failing' | undefined
  let isClosed = false

  function enter(next: 'answering' | 'failing', reason: string) {
    if (state === next) return
    state = next
    onStateChange(next, url, reason)
  }

  function tryAgain(reason: string) {
    if (isClosed) return
    conversation = undefined
    failuresInARow += 1
    enter('failing', reason)
    clearTimeout(timer)
    timer = setTimeout(queue, reconnectDelayMs(failuresInARow, longestWaitMs, clock.random()))
  }

  function abandon() {
    leaveGate?.()
    leaveGate = undefined
    const socket = connecting
    connecting = undefined
    socket?.removeAllListeners()
    // `terminate` of a socket still connecting emits an error; without a listener it would end the process.
    socket?.on('error', () => {})
    socket?.terminate()
  }

  function notConnected(reason: string) {
    abandon()
    counts.failures += 1
    tryAgain(reason)
  }

  function queue() {
    leaveGate = gate.enter(connect)
  }

  function connect() {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    try {
      connecting = new WebSocket(url, {
        handshakeTimeout: timeoutMs,
        maxPayload: maxAnswerBytes,
        perMessageDeflate: false,
        followRedirects: false,
        headers,
      })
    } catch (error) {
      return notConnected((error as Error).message)
    }
    const socket = connecting
    socket.on('open', () => {
      connecting = undefined
      leaveGate?.()
      leaveGate = undefined
      socket.removeAllListeners()
      conversation = converse({
        socket,
        intervalMs,
        timeoutMs,
        clock,
        counts,
        onAnswer(answer) {
          failuresInARow = 0
          enter('answering', '')
          onAnswer(answer, url)
        },
        onEnd: tryAgain,
      })
    })
    socket.on('close', (code) => notConnected(`it closed the connection (${code})`))
    socket.on('error', (error) => notConnected(error.message))
  }

  timer = setTimeout(queue, clock.random() * Math.min(intervalMs, 1_000))
  return {
    url,
    isConnected: () => conversation !== undefined,
    stats: () => counts,
    request: (message, limitMs) =>
      conversation?.request(message, limitMs) ??
      Promise.reject(new LineError('not-connected', 'the agent does not answer at present')),
    close() {
      isClosed = true
      clearTimeout(timer)
      abandon()
      conversation?.close()
    },
  }
}

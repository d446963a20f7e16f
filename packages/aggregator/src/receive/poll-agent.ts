import { retryDelayMs } from '@perfmon/core'
import { type MetricsResponse, metricsErrorSchema, metricsResponseSchema } from '@perfmon/protocol'
import { WebSocket } from 'ws'
import type { Clock } from '../system/clock.ts'

export interface PollAgentOptions {
  readonly url: string
  readonly intervalMs: number
  /** No answer within this is a failed poll; the connection is made anew. */
  readonly timeoutMs: number
  readonly token: string | undefined
  readonly clock: Clock
  readonly onAnswer: (response: MetricsResponse, url: string) => void
  /** Told once per change, not once per attempt. */
  readonly onStateChange: (state: 'answering' | 'failing', url: string, reason: string) => void
}

export interface PolledAgent {
  readonly url: string
  stats(): { polls: number; failures: number; refusedAnswers: number; unaskedAnswers: number }
  close(): void
}

/** Longest answer read, in bytes: an agent's vital signs are about half a kilobyte. */
const maxAnswerBytes = 64 * 1024

/**
 * Asks one agent how it is, again and again:
 *
 * connect → ask → wait for the answer → rest until the next slot → ask …
 *
 * Whatever fails (connection, time, an answer that is none) ends the connection; the next one is tried after a
 * growing, jittered wait. One question is under way at a time, so a slow agent is asked less often, not more.
 */
export function pollAgent(options: PollAgentOptions): PolledAgent {
  const { url, intervalMs, timeoutMs, token, clock, onAnswer, onStateChange } = options
  const counts = { polls: 0, failures: 0, refusedAnswers: 0, unaskedAnswers: 0 }
  let socket: WebSocket | undefined
  let timer: NodeJS.Timeout | undefined
  let failuresInARow = 0
  let state: 'answering' | 'failing' | undefined
  let requestId = 0
  let isAsking = false
  let isClosed = false

  function later(delayMs: number, action: () => void) {
    clearTimeout(timer)
    timer = setTimeout(action, delayMs)
  }

  function enter(next: 'answering' | 'failing', reason: string) {
    if (state === next) return
    state = next
    onStateChange(next, url, reason)
  }

  function fail(reason: string) {
    if (isClosed) return
    counts.failures += 1
    isAsking = false
    failuresInARow += 1
    const broken = socket
    socket = undefined
    broken?.removeAllListeners()
    // `terminate` of a socket still connecting emits an error; without a listener it would end the process.
    broken?.on('error', () => {})
    broken?.terminate()
    enter('failing', reason)
    later(retryDelayMs(Math.min(failuresInARow, 6), clock.random(), undefined), connect)
  }

  function connect() {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    try {
      socket = new WebSocket(url, {
        handshakeTimeout: timeoutMs,
        maxPayload: maxAnswerBytes,
        perMessageDeflate: false,
        followRedirects: false,
        headers,
      })
    } catch (error) {
      return fail((error as Error).message)
    }
    socket.on('open', ask)
    socket.on('message', (data) => hear(data.toString()))
    socket.on('close', (code) => fail(`it closed the connection (${code})`))
    socket.on('error', (error) => fail(error.message))
  }

  function ask() {
    counts.polls += 1
    requestId += 1
    isAsking = true
    socket?.send(JSON.stringify({ type: 'metrics_request', requestId }))
    later(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
  }

  function hear(text: string) {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      counts.refusedAnswers += 1
      return fail('its answer is not JSON')
    }
    const refusal = metricsErrorSchema.safeParse(message)
    if (refusal.success) return fail(`it refused: ${refusal.data.code}`)
    const answer = metricsResponseSchema.safeParse(message)
    if (!answer.success) {
      counts.refusedAnswers += 1
      const issue = answer.error.issues[0]
      return fail(`its answer is no metrics_response: ${issue?.path.join('.')} ${issue?.message}`)
    }
    // One answer to a question: what comes unasked would be a second chain of questions, or a flood.
    if (!isAsking || (answer.data.requestId !== undefined && answer.data.requestId !== requestId)) {
      counts.unaskedAnswers += 1
      return
    }
    isAsking = false
    failuresInARow = 0
    enter('answering', '')
    onAnswer(answer.data, url)
    // ±10 % jitter keeps thousands of agents from being asked in the same moment.
    later(intervalMs * (0.9 + 0.2 * clock.random()), ask)
  }

  later(clock.random() * Math.min(intervalMs, 1_000), connect)
  return {
    url,
    stats: () => ({ ...counts }),
    close() {
      isClosed = true
      clearTimeout(timer)
      socket?.removeAllListeners()
      socket?.on('error', () => {})
      socket?.terminate()
    },
  }
}

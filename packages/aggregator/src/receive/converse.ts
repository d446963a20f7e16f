import { type MetricsResponse, metricsErrorSchema, metricsResponseSchema } from '@perfmon/protocol'
import type { WebSocket } from 'ws'
import { type Line, LineError } from '../act/line.ts'
import type { Clock } from '../system/clock.ts'

/** Longest answer read, in bytes: vital signs are half a kilobyte, a list of 64 tunables some dozens. */
export const maxAnswerBytes = 512 * 1024
/** Requests to one agent that wait for an answer. */
const mostPending = 32

export interface PollCounts {
  polls: number
  /** Of them, asked more than half an interval after they were due: by a slow agent, or by too much to do here. */
  latePolls: number
  failures: number
  refusedAnswers: number
  unaskedAnswers: number
}

export const noPolls = (): PollCounts => ({
  polls: 0,
  latePolls: 0,
  failures: 0,
  refusedAnswers: 0,
  unaskedAnswers: 0,
})

export interface Conversation extends Line {
  /** With a code the agent is told it, else the connection is cut. */
  close(code?: number, reason?: string): void
}

interface Pending {
  resolve(answer: unknown): void
  reject(error: LineError): void
  timer: NodeJS.Timeout
}

/**
 * Over one open connection: asks for vital signs again and again, and in between whatever else is requested. The
 * same whoever opened the connection.
 *
 * One question for vital signs is under way at a time, so a slow agent is asked less often, not more. While a
 * request is under way, a late answer to that question is no failure: a heap snapshot pauses the agent for longer.
 */
export function converse({
  socket,
  intervalMs,
  timeoutMs,
  clock,
  counts,
  onAnswer,
  onEnd,
}: {
  readonly socket: WebSocket
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly counts: PollCounts
  readonly onAnswer: (response: MetricsResponse) => void
  /** Once, with why; not after `close`. */
  readonly onEnd: (reason: string) => void
}): Conversation {
  const pending = new Map<string, Pending>()
  let timer: NodeJS.Timeout | undefined
  let requestId = 0
  let isAsking = false
  let dueMs = Number.NaN
  let isOver = false

  function later(delayMs: number, action: () => void) {
    clearTimeout(timer)
    timer = setTimeout(action, delayMs)
  }

  function end(why: string, hangUp: () => void) {
    isOver = true
    clearTimeout(timer)
    socket.removeAllListeners()
    socket.on('error', () => {})
    hangUp()
    for (const { reject, timer: limit } of pending.values()) {
      clearTimeout(limit)
      reject(new LineError('gone', `the connection to the agent ended: ${why}`))
    }
    pending.clear()
  }

  function fail(reason: string) {
    if (isOver) return
    counts.failures += 1
    end(reason, () => socket.terminate())
    onEnd(reason)
  }

  function ask() {
    const nowMs = clock.nowMs()
    counts.polls += 1
    if (nowMs - dueMs > intervalMs / 2) counts.latePolls += 1
    // ±10 % jitter keeps thousands of agents from being asked in the same moment.
    dueMs = nowMs + intervalMs * (0.9 + 0.2 * clock.random())
    requestId += 1
    isAsking = true
    socket.send(JSON.stringify({ type: 'metrics_request', requestId }))
    awaitAnswer()
  }

  function awaitAnswer() {
    later(timeoutMs, () => {
      if (pending.size > 0) awaitAnswer()
      else fail(`no answer within ${timeoutMs} ms`)
    })
  }

  function settle(id: unknown, message: unknown): boolean {
    if (typeof id !== 'string') return false
    const asked = pending.get(id)
    if (asked) {
      clearTimeout(asked.timer)
      pending.delete(id)
      asked.resolve(message)
    } else counts.unaskedAnswers += 1
    return true
  }

  function hear(text: string) {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      counts.refusedAnswers += 1
      return fail('its answer is not JSON')
    }
    // Ours to vital signs are numbers, those of requests texts.
    if (settle((message as { requestId?: unknown } | null)?.requestId, message)) return
    // Looked at first, because a schema that does not fit is dear, and nearly none of them is one.
    if ((message as { type?: unknown } | null)?.type === 'error') {
      const refusal = metricsErrorSchema.safeParse(message)
      if (refusal.success) return fail(`it refused: ${refusal.data.code}`)
    }
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
    onAnswer(answer.data)
    // A slow agent has a tenth of the time for its own work at least.
    if (!isOver) later(Math.max(intervalMs / 10, dueMs - clock.nowMs()), ask)
  }

  socket.on('message', (data) => hear(data.toString()))
  socket.on('close', (code) => fail(`it closed the connection (${code})`))
  socket.on('error', (error) => fail(error.message))
  ask()

  return {
    request(message, limitMs) {
      if (isOver) return Promise.reject(new LineError('not-connected', 'the agent is not connected'))
      if (pending.size >= mostPending) {
        return Promise.reject(
          new LineError('too-many', `${mostPending} requests wait for this agent already`),
        )
      }
      return new Promise((resolve, reject) => {
        const limit = setTimeout(() => {
          pending.delete(message.requestId)
          reject(new LineError('no-answer', `the agent did not answer within ${limitMs} ms`))
        }, limitMs)
        pending.set(message.requestId, { resolve, reject, timer: limit })
        socket.send(JSON.stringify(message))
      })
    },
    close(code, reason) {
      if (isOver) return
      if (code === undefined) return end('the aggregator closed it', () => socket.terminate())
      end(reason ?? 'the aggregator closed it', () => {
        socket.close(code, reason)
        setTimeout(() => socket.terminate(), 1_000).unref()
      })
    },
  }
}

import type { AddressInfo } from 'node:net'
import type { MetricsResponse } from '@perfmon/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { createConnectionGate } from './connection-gate.ts'
import { type PolledAgent, pollAgent } from './poll-agent.ts'

let agent: WebSocketServer
let polled: PolledAgent | undefined
let questions = 0

beforeEach(async () => {
  questions = 0
  agent = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => agent.once('listening', resolve))
})
afterEach(() => {
  polled?.close()
  for (const socket of agent.clients) socket.terminate()
  agent.close()
})

/** Polls an agent that does `behave` with each question; resolves what `until` waits for. */
function poll(behave: (socket: WebSocket, requestId: number) => void) {
  const answers: MetricsResponse[] = []
  const states: string[] = []
  const waiting: { isDone: () => boolean; resolve: () => void }[] = []
  const look = () => {
    for (const one of waiting) if (one.isDone()) one.resolve()
  }
  agent.on('connection', (socket) => {
    socket.on('message', (data) => {
      questions += 1
      behave(socket, (JSON.parse(data.toString()) as { requestId: number }).requestId)
      look()
    })
  })
  polled = pollAgent({
    url: `ws://127.0.0.1:${(agent.address() as AddressInfo).port}`,
    intervalMs: 20,
    longestWaitMs: 1_000,
    gate: createConnectionGate(1),
    timeoutMs: 150,
    token: undefined,
    clock: { nowMs: Date.now, random: () => 0 },
    onAnswer(answer) {
      answers.push(answer)
      look()
    },
    onStateChange(state, _url, reason) {
      states.push(`${state} ${reason}`.trim())
      look()
    },
  })
  const until = (isDone: () => boolean) =>
    isDone() ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ isDone, resolve }))
  return { answers, states, until }
}
const answer = (requestId?: number) =>
  JSON.stringify({ type: 'metrics_response', cpu: 5, ...(requestId ? { requestId } : {}) })

test('it asks again and again, and tells of a change of state once', async () => {
  const { answers, states, until } = poll((socket, requestId) => socket.send(answer(requestId)))
  await until(() => answers.length >= 3)
  expect(states).toEqual(['answering'])
})

test('an answer without an id is one too: agents may not know it', async () => {
  const { answers, until } = poll((socket) => socket.send(answer()))
  await until(() => answers.length >= 2)
})

test('one answer to a question; a flood is counted and makes no more questions', async () => {
  const { answers, until } = poll((socket) => {
    for (let i = 0; i < 100; i++) socket.send(answer())
  })
  await until(() => answers.length >= 3)
  expect(answers.length).toBeLessThanOrEqual(questions)
  expect(polled!.stats().unaskedAnswers).toBeGreaterThanOrEqual(100)
})

describe('what ends the connection, is told, and is tried again', () => {
  test.each([
    ['no JSON', (socket: WebSocket) => socket.send('hello'), /not JSON/],
    ['another message', (socket: WebSocket) => socket.send('{"type":"x"}'), /no metrics_response/],
    [
      'an impossible number',
      (socket: WebSocket) => socket.send('{"type":"metrics_response","cpu":-1}'),
      /cpu/,
    ],
    [
      'a refusal',
      (socket: WebSocket) => socket.send('{"type":"error","code":"unauthorized","message":"no"}'),
      /unauthorized/,
    ],
    [
      'a message that is too long',
      (socket: WebSocket) => socket.send('x'.repeat(600_000)),
      /Max payload|too large|closed/i,
    ],
    ['a closed connection', (socket: WebSocket) => socket.close(), /closed/],
    ['silence', () => {}, /no answer within 150 ms/],
  ])('%s', async (_what, behave, reason) => {
    const { states, until } = poll(behave)
    await until(() => states.length >= 1 && questions >= 2)
    expect(states[0]).toMatch(/^failing/)
    expect(states[0]).toMatch(reason)
    expect(states).toHaveLength(1)
  })
})

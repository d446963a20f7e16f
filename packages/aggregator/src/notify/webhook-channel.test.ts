import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Alert } from '@perfmon/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Notification } from './channel.ts'
import { webhookChannel } from './webhook-channel.ts'

let server: Server
let answer: { status: number; headers?: Record<string, string> } | 'never'
let request: { headers: IncomingMessage['headers']; body: string } | undefined

beforeEach(async () => {
  request = undefined
  server = createServer((incoming, response) => {
    let body = ''
    incoming.on('data', (data) => {
      body += data
    })
    incoming.on('end', () => {
      request = { headers: incoming.headers, body }
      if (answer !== 'never') response.writeHead(answer.status, answer.headers).end('noted')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const notification: Notification = {
  key: 'webhook:7',
  alert: {
    id: 'i',
    fingerprint: 'f',
    rule: 'R',
    severity: 'warning',
    state: 'active',
    labels: { agent: 'worker' },
    summary: 's',
    unit: '',
    value: null,
    threshold: null,
    pendingSinceMs: 1,
    activeSinceMs: 1,
    resolvedAtMs: null,
    resolveReason: null,
    updatedAtMs: 1,
  } satisfies Alert,
}
const send = (timeoutMs = 5_000, port = (server.address() as AddressInfo).port) =>
  webhookChannel({
    name: 'webhook',
    url: `http://127.0.0.1:${port}/hook`,
    externalUrl: 'http://perfmon',
    timeoutMs,
    renderTime: (ms) => new Date(ms).toISOString(),
  }).send(notification)

test('it posts JSON with the idempotency key', async () => {
  answer = { status: 204 }
  expect(await send()).toEqual({ kind: 'sent' })
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': 'webhook:7',
  })
  expect(JSON.parse(request!.body)).toMatchObject({ version: '4', alerts: [{ fingerprint: 'f' }] })
})

describe('what the receiver answers', () => {
  test.each([
    [{ status: 200 }, { kind: 'sent' }],
    [{ status: 500 }, { kind: 'try-again', reason: 'it answered 500' }],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'try-again', reason: 'it answered 429', retryAfterMs: 7_000 },
    ],
    [{ status: 400 }, { kind: 'refused', reason: 'it answered 400' }],
    [
      { status: 302, headers: { location: 'http://elsewhere/' } },
      { kind: 'try-again', reason: 'it answered 302' },
    ],
  ])('%j', async (given, outcome) => {
    answer = given
    expect(await send()).toEqual(outcome)
  })

  test('nothing in time', async () => {
    answer = 'never'
    expect(await send(100)).toMatchObject({ kind: 'try-again', reason: expect.stringMatching(/no answer/) })
  })

  test('nobody there', async () => {
    expect(await send(1_000, 1)).toMatchObject({ kind: 'try-again' })
  })
})

import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { type Rudeness, type RudeReceiver, startRudeReceiver } from '../testing/start-rude-receiver.ts'

let receiver: RudeReceiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startRudeReceiver()
})
afterEach(() => receiver.close())

const answer =
  (head: string, body = '') =>
  (socket: Socket) =>
    socket.write(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)

/** Says it again and again for as long as anybody listens. */
const endlessly =
  (first: string, text: string): Rudeness =>
  (socket) => {
    socket.write(first)
    const more = () => {
      if (socket.destroyed) return
      socket.write(text)
      setImmediate(more)
    }
    more()
  }

const cases: { title: string; rudeness: Rudeness; reason: string; says: string }[] = [
  {
    title: 'closes without an answer',
    rudeness: (socket) => socket.end(),
    reason: 'unreachable',
    says: 'the connection was closed',
  },
  {
    title: 'resets the connection',
    rudeness: (socket) => socket.resetAndDestroy(),
    reason: 'unreachable',
    says: 'ECONNRESET',
  },
  { title: 'never answers', rudeness: () => {}, reason: 'timeout', says: 'no answer within 150 ms' },
  {
    title: 'answers too late',
    rudeness: (socket) => setTimeout(() => answer('HTTP/1.1 200 OK')(socket), 400),
    reason: 'timeout',
    says: 'no answer within 150 ms',
  },
  {
    title: 'speaks no HTTP',
    rudeness: (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
    reason: 'unreachable',
    says: 'the answer is no HTTP',
  },
  {
    title: 'gives half an answer',
    rudeness: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{'),
    reason: 'unreachable',
    says: 'the connection was closed',
  },
  {
    title: 'gives half a head and waits',
    rudeness: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Le'),
    reason: 'timeout',
    says: 'no answer within 150 ms',
  },
  {
    title: 'sends headers without end',
    rudeness: endlessly('HTTP/1.1 200 OK\r\n', `x-more: ${'x'.repeat(1000)}\r\n`),
    reason: 'unreachable',
    says: 'the answer is too long',
  },
  {
    title: 'says 100 Continue without end',
    rudeness: endlessly('', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(40)),
    reason: 'unreachable',
    says: 'the answer is too long',
  },
  {
    title: 'sends chunks that are none',
    rudeness: (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    reason: 'unreachable',
    says: 'the answer is no HTTP',
  },
  {
    title: 'redirects',
    rudeness: answer('HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:1/'),
    reason: 'refused',
    says: 'Redirects are not followed',
  },
  {
    title: 'is a web page',
    rudeness: answer('HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8', '<html>'),
    reason: 'refused',
    says: 'the answer is a web page',
  },
  ...[400, 401, 403, 404, 413, 429, 500, 503].map((status) => ({
    title: `refuses with ${status}`,
    rudeness: answer(`HTTP/1.1 ${status} No`),
    reason: 'refused',
    says: `(status ${status})`,
  })),
]

const dropped = (reason: string) => (body: string) =>
  body.includes(`{"key":"perfmon.drop.reason","value":{"stringValue":"${reason}"}}`)

const living = {
  source: "setInterval(() => {}, 1000)\nprocess.on('SIGTERM', () => { console.log('bye'); process.exit(3) })",
  env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '150' }),
}

describe.each(cases)('a receiver that $title', ({ rudeness, reason, says }) => {
  test('is told of once; what is lost is counted, and the agent unharmed', async () => {
    receiver.behave(rudeness)
    const agent = await runAgent({ ...living, env: living.env() })
    await agent.said(says)
    receiver.behave(undefined)
    await receiver.took(dropped(reason))
    await agent.said('takes metrics again')
    agent.process.kill()
    const { code, stdout, stderr } = await agent.ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'bye\n' })
    expect(stderr.trim().split('\n')).toHaveLength(2)
    expect(receiver.taken.at(-1)).toContain('perfmon.agent.exit')
  })
})

const garbage: { title: string; rudeness: Rudeness }[] = [
  {
    title: 'garbage',
    rudeness: answer('HTTP/1.1 200 OK\r\nContent-Type: application/json', '{"partialSuccess":'),
  },
  { title: 'another type', rudeness: answer('HTTP/1.1 200 OK\r\nContent-Type: text/plain', 'thank you') },
  {
    title: 'compressed bytes that nobody asked for',
    rudeness: (socket) => {
      const body = gzipSync('{}')
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.byteLength}\r\n\r\n`)
      socket.write(body)
    },
  },
  {
    title: '100 Continue before the answer',
    rudeness: (socket) => answer('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK')(socket),
  },
  { title: 'nothing, by 204', rudeness: (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n') },
  { title: 'until the connection closes', rudeness: (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n{}') },
]

test.each(garbage)('200 with $title is taken for a yes', async ({ rudeness }) => {
  receiver.behave(rudeness)
  const agent = await runAgent({ ...living, env: living.env() })
  for (let times = 0; times < 3; times++) await receiver.asked()
  receiver.behave(undefined)
  const first = await receiver.took(() => true)
  expect(dropped('refused')(first) || dropped('unreachable')(first)).toBe(false)
  agent.process.kill()
  expect(await agent.ended).toMatchObject({ code: 3, stderr: '' })
})

test.each([
  { title: '429', head: 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1' },
  { title: '503', head: 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1' },
])('a receiver that says $title and when to come back is left alone until then', async ({ head }) => {
  let asked = 0
  receiver.behave((socket) => {
    asked++
    answer(head)(socket)
  })
  const agent = await runAgent({ ...living, env: living.env() })
  await receiver.asked()
  await agent.said('the receiver asked to wait')
  expect(asked).toBe(1)
  receiver.behave(undefined)
  await receiver.took(dropped('refused'))
  agent.process.kill()
  await agent.ended
})

test('delta: a report under way at the end is waited for, and nothing is counted twice', async () => {
  const agent = await runAgent({
    source: `
import http from 'node:http'
const server = http.createServer((request, response) => response.end()).listen(0, '127.0.0.1', async () => {
  await (await fetch('http://127.0.0.1:' + server.address().port)).text()
  console.log('ready')
})
process.on('SIGTERM', () => process.exit())`,
    env: {
      ...living.env(),
      OTEL_EXPORTER_OTLP_TIMEOUT: '5000',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    },
  })
  const held: string[] = []
  await agent.said('ready')
  // Takes the next report, and says so only when the agent is ending already.
  receiver.behave((socket, body) => {
    held.push(body)
    receiver.behave(undefined)
    agent.process.kill()
    setTimeout(() => answer('HTTP/1.1 200 OK')(socket), 100)
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  const countIn = (body: string) => {
    const [{ scopeMetrics }] = JSON.parse(body).resourceMetrics
    const served = scopeMetrics[0].metrics.find(
      ({ name }: { name: string }) => name === 'http.server.request.duration',
    )
    return Number(served?.histogram.dataPoints[0].count ?? 0)
  }
  expect(held).toHaveLength(1)
  expect([...held, ...receiver.taken].reduce((sum, body) => sum + countIn(body), 0)).toBe(1)
  expect(receiver.taken.at(-1)).toContain('perfmon.agent.exit')
})

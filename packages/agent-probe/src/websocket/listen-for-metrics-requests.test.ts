import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { metricsErrorSchema, metricsResponseSchema } from '@perfmon/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { buildProbe, type RunningAgent, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
let agent: RunningAgent | undefined
const peers = new Set<WebSocket>()
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  for (const peer of peers) peer.terminate()
  peers.clear()
  agent?.process.kill('SIGKILL')
  await agent?.ended
  await receiver.close()
})

const living = 'setInterval(() => {}, 1000)'

const startAgent = async (env: Record<string, string> = {}, source = living) => {
  agent = await runAgent({
    source,
    file: 'planner.mjs',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, PERFMON_WS_PORT: '0', ...env },
  })
  const report = await receiver.report(() => true)
  return { agent, url: String(report.resource['perfmon.agent.websocket.url']), resource: report.resource }
}

const connectTo = async (url: string, options: ClientOptions = {}) => {
  const peer = new WebSocket(url, options)
  peers.add(peer)
  await once(peer, 'open')
  const ask = async (message: string | Buffer) => {
    const answer = once(peer, 'message')
    peer.send(message)
    return JSON.parse(String((await answer)[0])) as Record<string, unknown>
  }
  return { peer, ask }
}

const refusal = async (url: string, options: ClientOptions = {}): Promise<number> => {
  const peer = new WebSocket(url, options)
  const [, response] = await once(peer, 'unexpected-response')
  response.resume()
  return response.statusCode
}

test('an agent answers how it is, as the protocol has it, and tells where to ask', async () => {
  const { url, resource } = await startAgent({ PERFMON_SWARM: 'research' })
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/metrics$/)
  const { ask } = await connectTo(url)
  const answer = metricsResponseSchema
    .strict()
    .parse(await ask('{"type":"metrics_request","requestId":"r-1"}'))
  expect(answer).toMatchObject({
    requestId: 'r-1',
    agentId: resource['service.instance.id'],
    agentType: 'planner',
    swarm: 'research',
    activeConnections: 0,
    requestRate: 0,
    status: expect.stringMatching(/^(idle|active)$/),
  })
  expect(answer.cpu).toBeGreaterThanOrEqual(0)
  expect(answer.memory).toBeGreaterThan(0)
  expect(answer.memory).toBeLessThan(100)
  expect(answer.eventLoop).toBeLessThanOrEqual(1)
  expect(answer.responseTime).toBeUndefined()
})

test('it tells of the requests of its last report', async () => {
  const { url } = await startAgent(
    { PERFMON_INTERVAL_MS: '200' },
    `
import http from 'node:http'
const server = http.createServer((request, response) => {
  response.statusCode = 500
  setTimeout(() => response.end(), 20)
})
server.listen(0, '127.0.0.1', () => {
  setInterval(() => fetch('http://127.0.0.1:' + server.address().port).then((answer) => answer.text()), 20)
})`,
  )
  await receiver.report(({ metrics }) => metrics.has('http.server.request.duration'))
  const { ask } = await connectTo(url)
  const answer = metricsResponseSchema.parse(await ask('{"type":"metrics_request"}'))
  expect(answer.responseTime).toBeGreaterThan(10)
  expect(answer).toMatchObject({ errorRate: 100, status: 'error' })
  expect(answer.requestRate).toBeGreaterThan(1)
})

describe('hostile messages', () => {
  test.each([
    { title: 'no JSON', message: 'hello', code: 'malformed-message' },
    { title: 'no object', message: '[1]', code: 'malformed-message' },
    { title: 'null', message: 'null', code: 'malformed-message' },
    { title: 'nothing', message: '', code: 'malformed-message' },
    { title: 'bytes', message: Buffer.from('{"type":"metrics_request"}'), code: 'malformed-message' },
    { title: 'deep nesting', message: `${'['.repeat(4000)}`, code: 'malformed-message' },
    {
      title: 'a long requestId',
      message: JSON.stringify({ type: 'metrics_request', requestId: 'x'.repeat(200) }),
      code: 'malformed-message',
    },
    { title: 'another type', message: '{"type":"<script>","requestId":7}', code: 'unknown-type' },
    { title: 'a prototype', message: '{"__proto__":{"type":"metrics_request"}}', code: 'unknown-type' },
    {
      title: '5 KiB',
      message: `{"type":"metrics_request","pad":"${'x'.repeat(5000)}"}`,
      code: 'message-too-large',
    },
  ])('$title is answered by $code, and the connection goes on', async ({ message, code }) => {
    const { url } = await startAgent()
    const { ask } = await connectTo(url)
    const error = metricsErrorSchema.strict().parse(await ask(message))
    expect(error.code).toBe(code)
    expect(error.message).not.toContain('<script>')
    expect(await ask('{"type":"metrics_request"}')).toMatchObject({ type: 'metrics_response' })
  })

  test('a megabyte closes the connection, and the agent goes on', async () => {
    const { url } = await startAgent()
    const { peer } = await connectTo(url)
    peer.send('x'.repeat(1_000_000))
    const [closeCode] = await once(peer, 'close')
    expect(closeCode).toBe(1009)
    const { ask } = await connectTo(url)
    expect(await ask('{"type":"metrics_request"}')).toMatchObject({ type: 'metrics_response' })
  })

  test('garbage instead of frames closes the connection, and the agent goes on', async () => {
    const { url } = await startAgent()
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(socket, 'data')
    socket.on('error', () => {}).write(Buffer.alloc(2000, 0xff))
    await once(socket, 'close')
    const { ask } = await connectTo(url)
    expect(await ask('{"type":"metrics_request"}')).toMatchObject({ type: 'metrics_response' })
  })

  test('a flood is limited, per connection', async () => {
    const { url } = await startAgent()
    const { peer } = await connectTo(url)
    const answers: string[] = []
    const all = new Promise<void>((resolve) => {
      peer.on('message', (data) => {
        answers.push(JSON.parse(String(data)).code ?? 'answered')
        if (answers.length === 200) resolve()
      })
    })
    for (let i = 0; i < 200; i++) peer.send('{"type":"metrics_request"}')
    await all
    expect(answers.filter((code) => code === 'rate-limited').length).toBeGreaterThan(100)
    expect(answers.slice(0, 20)).toEqual(Array(20).fill('answered'))
    const { ask } = await connectTo(url)
    expect(await ask('{"type":"metrics_request"}')).toMatchObject({ type: 'metrics_response' })
  })

  test('more than 32 connections, browsers, other paths and plain HTTP are turned away', async () => {
    const { url } = await startAgent()
    expect(await refusal(url, { origin: 'http://localhost:3000' })).toBe(403)
    expect(await refusal(url.replace('/metrics', '/other'))).toBe(404)
    const plain = httpRequest(url.replace('ws:', 'http:')).end()
    const [response] = await once(plain, 'response')
    response.resume()
    expect(response.statusCode).toBe(426)
    await Promise.all(Array.from({ length: 32 }, () => connectTo(url)))
    expect(await refusal(url)).toBe(503)
  })
})

test('with a token only who sends it is admitted', async () => {
  const { url } = await startAgent({ PERFMON_TOKEN: 'secret', PERFMON_WS_HOST: '0.0.0.0' })
  const here = url.replace(new URL(url).hostname, '127.0.0.1')
  expect(await refusal(here)).toBe(401)
  expect(await refusal(here, { headers: { authorization: 'Bearer guess' } })).toBe(401)
  const { ask } = await connectTo(here, { headers: { authorization: 'Bearer secret' } })
  expect(await ask('{"type":"metrics_request"}')).toMatchObject({ type: 'metrics_response' })
})

test('without a token nothing listens on the network, and one line says so', async () => {
  const { agent: started, url } = await startAgent({ PERFMON_WS_HOST: '0.0.0.0' })
  expect(url).toBe('undefined')
  expect(started.output().stderr).toContain('set PERFMON_TOKEN')
  expect(started.output().stderr.trim().split('\n')).toHaveLength(1)
})

test('a taken port: one line, and the agent goes on; of a range the next free one', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const first = await startAgent({ PERFMON_WS_PORT: String(port) })
  expect(first.url).toBe('undefined')
  expect(first.agent.output().stderr.trim().split('\n')).toEqual([expect.stringContaining('EADDRINUSE')])
  first.agent.process.kill('SIGKILL')
  await first.agent.ended
  await receiver.close()
  receiver = await startReceiver()

  const second = await startAgent({ PERFMON_WS_PORT: `${port}-${Math.min(port + 50, 65_535)}` })
  expect(Number(new URL(second.url).port)).toBeGreaterThan(port)
  taken.close()
})

test('an open connection does not keep the agent alive, and is not counted as its work', async () => {
  const { agent: started, url } = await startAgent({}, 'setTimeout(() => {}, 600)')
  const { ask } = await connectTo(url)
  await ask('{"type":"metrics_request"}')
  expect(await started.ended).toMatchObject({ code: 0, stderr: '' })
  expect(receiver.reports.at(-1)!.metrics.has('http.server.request.duration')).toBe(false)
})

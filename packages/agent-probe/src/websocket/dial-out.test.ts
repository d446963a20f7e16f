import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { readDialOut } from '../configure/read-dial-out.ts'
import { isLoopback } from '../configure/read-settings.ts'
import { type Certificates, makeCertificates } from '../testing/make-certificates.ts'
import { buildProbe, type RunningAgent, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

/** A process under the probe that dials out, and somebody at the other end who asks. */
let receiver: Receiver
let agent: RunningAgent | undefined
const closers: (() => void)[] = []
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  agent?.process.kill('SIGKILL')
  await agent?.ended
  for (const close of closers.splice(0)) close()
  await receiver.close()
})

interface Dialled {
  readonly peer: WebSocket
  readonly hello: Record<string, string>
  readonly authorization: string | undefined
  ask(message: object): Promise<Record<string, unknown>>
}

const listenForAgents = async ({ port = 0, tls }: { port?: number; tls?: Certificates } = {}) => {
  const server =
    tls === undefined
      ? createServer()
      : createTlsServer({ key: await readFile(tls.serverKey), cert: await readFile(tls.serverCertificate) })
  const sockets = new WebSocketServer({ server, path: '/agents/connect' })
  const waiting: ((dialled: Dialled) => void)[] = []
  const early: Dialled[] = []
  sockets.on('connection', (peer, request) => {
    peer.once('message', (data) => {
      const dialled: Dialled = {
        peer,
        hello: JSON.parse(String(data)),
        authorization: request.headers.authorization,
        async ask(message) {
          const answer = once(peer, 'message')
          peer.send(JSON.stringify(message))
          return JSON.parse(String((await answer)[0]))
        },
      }
      const take = waiting.shift()
      if (take) take(dialled)
      else early.push(dialled)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => {
    for (const peer of sockets.clients) peer.terminate()
    server.close()
  }
  closers.push(close)
  return {
    port: (server.address() as AddressInfo).port,
    next: () =>
      early.length > 0
        ? Promise.resolve(early.shift()!)
        : new Promise<Dialled>((resolve) => waiting.push(resolve)),
    close,
  }
}

const start = async (env: Record<string, string>, source = 'setInterval(() => {}, 1000)') => {
  agent = await runAgent({
    source,
    file: 'remote.mjs',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
  })
  return agent
}
const collect = { type: 'action_request', requestId: 'collect-1', action: 'collect-garbage' }

test('the agent says who it is, proves it by its reports, and answers as if it had been called', async () => {
  const aggregator = await listenForAgents()
  await start({
    PERFMON_AGGREGATOR_URL: `ws://127.0.0.1:${aggregator.port}`,
    PERFMON_TOKEN: 'secret',
    PERFMON_ALLOW_ACTIONS: 'collect-garbage',
  })
  const { hello, authorization, ask } = await aggregator.next()
  const { resource, metrics } = await receiver.report(({ resource: { ...attributes } }) =>
    Boolean(attributes['perfmon.agent.dial.address']),
  )
  expect(authorization).toBe('Bearer secret')
  expect(hello).toMatchObject({ type: 'agent_hello', agentId: resource['service.instance.id'] })
  const digest = createHash('sha256').update(hello['secret']!).digest('hex')
  expect(resource['perfmon.agent.dial.address']).toBe(`dial-in:${digest}`)
  expect(await ask({ type: 'metrics_request', requestId: 7 })).toMatchObject({
    type: 'metrics_response',
    requestId: 7,
    agentType: 'remote',
  })
  expect(await ask(collect)).toMatchObject({ type: 'action_response' })
  // The connection is the probe's own, and no work of the agent.
  expect(metrics.has('http.client.request.duration')).toBe(false)
})

test('it comes back after its aggregator was away: one line then, one line now', async () => {
  const first = await listenForAgents()
  const running = await start({ PERFMON_AGGREGATOR_URL: `ws://127.0.0.1:${first.port}` })
  await (await first.next()).ask({ type: 'metrics_request' })
  first.close()
  await running.said('cannot connect to the aggregator')
  const second = await listenForAgents({ port: first.port })
  await (await second.next()).ask({ type: 'metrics_request' })
  await running.said('connected to the aggregator at')
  expect(running.output().stderr.trim().split('\n')).toHaveLength(2)
}, 20_000)

test('taken for somebody else, it comes again when its reports have told who it is', async () => {
  const aggregator = await listenForAgents()
  const running = await start({ PERFMON_AGGREGATOR_URL: `ws://127.0.0.1:${aggregator.port}` })
  const { peer } = await aggregator.next()
  peer.close(4403, 'another agent reports under this id')
  const { ask } = await aggregator.next()
  expect(await ask({ type: 'metrics_request' })).toMatchObject({ type: 'metrics_response' })
  expect(running.output().stderr).toBe('')
}, 20_000)

describe('it keeps nobody alive', () => {
  test('while connected', async () => {
    const aggregator = await listenForAgents()
    const running = await start(
      { PERFMON_AGGREGATOR_URL: `ws://127.0.0.1:${aggregator.port}` },
      'setTimeout(() => {}, 800)',
    )
    await (await aggregator.next()).ask({ type: 'metrics_request' })
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test.each([
    ['while nobody is there', 'ws://127.0.0.1:1'],
    ['while nobody answers', 'ws://192.0.2.1:8080'],
    ['with a name that is none', 'ws://nobody.invalid:8080'],
  ])('%s', async (_when, url) => {
    const running = await start({ PERFMON_AGGREGATOR_URL: url }, 'setTimeout(() => {}, 300)')
    expect(await running.ended).toMatchObject({ code: 0 })
  })
})

describe('over TLS', () => {
  let certificates: Certificates
  beforeAll(async () => {
    certificates = await makeCertificates()
  }, 20_000)

  test('whom its authority vouches for may act', async () => {
    const aggregator = await listenForAgents({ tls: certificates })
    await start({
      PERFMON_AGGREGATOR_URL: `wss://localhost:${aggregator.port}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: certificates.authority,
      PERFMON_ALLOW_ACTIONS: '*',
    })
    const { ask } = await aggregator.next()
    expect(await ask(collect)).toMatchObject({ type: 'action_response' })
  })

  test('nobody else is talked to, whatever the agent itself thinks of certificates', async () => {
    const aggregator = await listenForAgents({ tls: certificates })
    const running = await start({
      PERFMON_AGGREGATOR_URL: `wss://localhost:${aggregator.port}`,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    })
    await running.said('cannot connect to the aggregator')
    expect(running.output().stderr).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|unable to verify/i)
  }, 20_000)
})

test.each([
  ['ws://127.0.0.1:8080', undefined, true],
  ['http://localhost:8080/', undefined, true],
  ['wss://perfmon.example', 'token', true],
  ['wss://perfmon.example', undefined, false],
  ['ws://perfmon.example:8080', 'token', false],
  ['ws://10.0.0.1:8080', undefined, false],
  ['ws://127.0.0.1.evil.example', undefined, false],
  ['ws://127.0.0.1@evil.example', undefined, false],
])('at %s with token %s it may be asked to act: %s', (address, token, mayAct) => {
  const settings = readDialOut({ address, token, certificateFile: undefined, isLoopback })
  expect(settings).toMatchObject({ mayAct })
  expect(new URL(settings!.url).pathname).toBe('/agents/connect')
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { createAgentTable } from '../store/agent-table.ts'
import { createLogger } from '../system/logger.ts'
import { createDialIn, type DialIn } from './dial-in.ts'
import type { Ingest, PolledAnswer } from './ingest.ts'
import { type Poller, startPoller } from './run-poller.ts'

let server: Server
let dialIn: DialIn
let poller: Poller
const stored: { id: string; attributes: object }[] = []
const peers: WebSocket[] = []
const agents = createAgentTable([])

beforeEach(async () => {
  const logger = createLogger({ level: 'silent' })
  // What is stored of an answer, remembered by hand: the rest of the ingest is not asked here.
  const ingest = {
    async acceptPolled(answers: readonly PolledAnswer[]) {
      stored.push(...answers.map(({ agent }) => agent))
    },
  } as unknown as Ingest
  poller = startPoller({
    longestWaitMs: 1_000,
    mostConnecting: 1,
    register: { dismiss() {} },
    intervalMs: 20,
    timeoutMs: 1_000,
    token: undefined,
    ingest,
    agents,
    clock: { nowMs: Date.now, random: () => 0 },
    logger,
  })
  dialIn = createDialIn({ poller, logger })
  server = createServer()
  server.on('upgrade', dialIn.upgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const peer of peers.splice(0)) peer.terminate()
  stored.splice(0)
  void poller.close()
  dialIn.close()
  server.close()
})

const dial = async (hello: object | string, options: ClientOptions = {}) => {
  const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  peers.push(peer)
  const closed = once(peer, 'close').then(([code]) => code as number)
  const asked: Record<string, unknown>[] = []
  peer.on('message', (data) => {
    const request = JSON.parse(String(data))
    asked.push(request)
    if (request.type !== 'metrics_request') return peer.send(JSON.stringify({ ...request, type: 'told' }))
    // The id that it says here is not believed: the connection is that of its hello.
    peer.send(
      JSON.stringify({ type: 'metrics_response', requestId: request.requestId, agentId: 'another', cpu: 5 }),
    )
  })
  await once(peer, 'open')
  peer.send(typeof hello === 'string' ? hello : JSON.stringify(hello))
  return { peer, closed, asked }
}
const hello = (agentId: string, secret = 'a-secret-of-16-and-more') => ({
  type: 'agent_hello',
  agentId,
  secret,
})
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}

test('an agent that dials in is polled as itself, and can be asked for more meanwhile', async () => {
  await dial(hello('a'))
  await until(() => stored.length >= 3)
  expect(stored[0]).toMatchObject({ id: 'a', attributes: { 'perfmon.agent.dial.address': /^dial-in:/ } })
  const { line, kind } = poller.lineTo('a')!
  expect(kind).toBe('dialled-in')
  expect(await line.request({ requestId: 'text-id' }, 1_000)).toEqual({ requestId: 'text-id', type: 'told' })
})

test('the newest connection of an agent wins, and the older one is told', async () => {
  const first = await dial(hello('a'))
  await until(() => poller.lineTo('a') !== undefined)
  const second = await dial(hello('a'))
  expect(await first.closed).toBe(4409)
  await until(() => second.asked.length > 0)
  expect(poller.stats()).toMatchObject({ dialledAgents: 1, replacedConnections: 1 })
})

test('who knows the id of an agent and not its secret cannot cut it off', async () => {
  const first = await dial(hello('a'))
  await until(() => poller.lineTo('a') !== undefined)
  const stranger = await dial(hello('a', 'another-secret-of-its-own'))
  expect(await stranger.closed).toBe(4403)
  const askedBefore = first.asked.length
  await until(() => first.asked.length > askedBefore)
  expect(poller.lineTo('a')).toBeDefined()
  expect(poller.stats()).toMatchObject({ dialledAgents: 1, replacedConnections: 0 })
})

test('a connection that ends is no line any more, and what was asked over it is told so', async () => {
  const { peer } = await dial(hello('a'))
  await until(() => poller.lineTo('a') !== undefined)
  const { line } = poller.lineTo('a')!
  peer.removeAllListeners('message')
  const asking = line.request({ requestId: 'never' }, 10_000)
  peer.terminate()
  await expect(asking).rejects.toMatchObject({ code: 'gone' })
  expect(poller.lineTo('a')).toBeUndefined()
  await expect(line.request({ requestId: 'later' }, 10_000)).rejects.toMatchObject({ code: 'not-connected' })
})

test('nobody dials in as an agent that reports from elsewhere', async () => {
  agents.put({
    id: 'reporting',
    name: 'r',
    swarm: 's',
    source: 'otlp',
    status: 'active',
    firstSeenMs: 0,
    lastSeenMs: Date.now(),
    reportIntervalMs: 1_000,
    vitals: {
      cpu: 0,
      memory: 0,
      responseTime: 0,
      errorRate: 0,
      activeConnections: 0,
      requestRate: 0,
      eventLoop: 0,
    },
    attributes: { 'perfmon.agent.dial.address': 'dial-in:of-another-secret' },
  })
  const { closed } = await dial(hello('reporting'))
  expect(await closed).toBe(4403)
  expect(dialIn.stats().refused.identity).toBe(1)
  expect(poller.lineTo('reporting')).toBeUndefined()
})

test.each([
  ['no JSON', 'hello'],
  ['another message', { type: 'metrics_response' }],
  ['no secret', { type: 'agent_hello', agentId: 'a' }],
  ['an id that is too long', hello('x'.repeat(300))],
])('%s instead of a hello ends it', async (_what, first) => {
  const { closed } = await dial(first)
  expect(await closed).toBe(4408)
  expect(dialIn.stats()).toMatchObject({ refused: { 'no-hello': 1 } })
})

test('a web page is no agent', async () => {
  const peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    origin: 'http://127.0.0.1',
  })
  const [, response] = await once(peer, 'unexpected-response')
  expect(response.statusCode).toBe(403)
})

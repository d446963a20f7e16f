import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildProbe, type RunningAgent, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

/** Whatever is sent, the agent works on, and everybody else is answered. */
let receiver: Receiver
let agent: RunningAgent
let url: string
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
  agent = await runAgent({
    source: `
import { createRequire } from 'node:module'
const { tunable } = createRequire(import.meta.url)(process.env.API)
let size = 10
tunable('size', { get: () => size, set: (next) => { if (!(next >= 1 && next <= 99)) process.exit(42); size = next }, min: 1, max: 99 })
setInterval(() => {}, 1000)`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      PERFMON_WS_PORT: '0',
      API: new URL('../../dist/api.cjs', import.meta.url).pathname,
    },
  })
  const report = await receiver.report(({ resource }) => 'perfmon.agent.websocket.url' in resource)
  url = String(report.resource['perfmon.agent.websocket.url'])
})
afterEach(async () => {
  agent.process.kill('SIGKILL')
  await agent.ended
  await receiver.close()
})

/** Small, fast, and the same every time: mulberry32. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const good = [
  { type: 'metrics_request', requestId: 1 },
  { type: 'actions_request', requestId: 'list' },
  {
    type: 'action_request',
    requestId: 'request-0',
    action: 'set-tunable',
    args: { name: 'size', value: 20 },
    deadlineMs: 4e12,
    by: 'x',
  },
  { type: 'action_request', requestId: 'request-1', action: 'restore', args: {} },
]
const odd: unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x'.repeat(300),
  [],
  {},
  '__proto__',
  'constructor',
  { toJSON: 1 },
  '\u0000',
  '../../etc/passwd',
  Number.MAX_SAFE_INTEGER,
  '<script>',
  [[[[]]]],
]

/** One value somewhere in the message takes another's place, or bytes of its text do. */
const mutate = (random: () => number): string => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const message = structuredClone(pick(good)) as Record<string, unknown>
  for (let i = 0; i < 1 + random() * 3; i++) {
    const inner = message['args']
    const target = random() < 0.4 && typeof inner === 'object' && inner !== null ? inner : message
    const key = random() < 0.8 ? pick(Object.keys(target)) : JSON.stringify(pick(odd))
    if (key !== undefined) Reflect.set(target, key, pick(odd))
  }
  const text = JSON.stringify(message)
  if (random() < 0.6) return text
  const bytes = Buffer.from(text)
  for (let i = 0; i < 1 + random() * 5; i++) bytes[Math.floor(random() * bytes.length)] = random() * 256
  return bytes.subarray(0, Math.ceil(random() * bytes.length)).toString('latin1')
}

const isWell = async () => {
  const peer = new WebSocket(url)
  await once(peer, 'open')
  const answer = once(peer, 'message')
  peer.send('{"type":"metrics_request","requestId":"well"}')
  const well = JSON.parse(String((await answer)[0]))
  peer.terminate()
  return well
}

test('a thousand mutated messages: each is answered, no value beyond its bounds is set, nobody is harmed', async () => {
  const random = seeded(20_261_120)
  let answered = 0
  // A new connection for each twenty: as many as one may ask in a burst.
  for (let round = 0; round < 50; round++) {
    const peer = new WebSocket(url)
    await once(peer, 'open')
    const all = new Promise<void>((resolve) => {
      let here = 0
      peer.on('message', (data) => {
        const { type } = JSON.parse(String(data))
        expect(['error', 'metrics_response', 'actions_response', 'action_response']).toContain(type)
        answered++
        if (++here === 20) resolve()
      })
    })
    for (let i = 0; i < 20; i++) peer.send(mutate(random))
    await all
    peer.terminate()
  }
  expect(answered).toBe(1000)
  expect(await isWell()).toMatchObject({ type: 'metrics_response', requestId: 'well' })
  expect(agent.output().stderr).toBe('')
  expect(agent.process.exitCode).toBeNull()
}, 30_000)

test('mutated frames: the connection ends at the worst', async () => {
  const random = seeded(7)
  const upgrade =
    'GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  for (let round = 0; round < 100; round++) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(upgrade)
    await once(socket, 'data')
    // A frame's head with any flags, opcode and length, masked or not, and what may follow.
    const frame = Buffer.alloc(2 + Math.floor(random() * 200))
    for (let i = 0; i < frame.length; i++) frame[i] = random() * 256
    if (random() < 0.5) frame[0] = 0xc1
    socket.write(frame)
    socket.destroy()
  }
  expect(await isWell()).toMatchObject({ type: 'metrics_response' })
  expect(agent.output().stderr).toBe('')
}, 30_000)

test('requests that are begun and not finished are cut off, and take nobody the place', async () => {
  const port = Number(new URL(url).port)
  const slow = Array.from({ length: 60 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await Promise.all(slow.map((socket) => once(socket, 'connect')))
  for (const socket of slow) socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  // `once` would take a reset for a failure: it is one of the ways to be cut off.
  const closed = Promise.all(
    slow.map((socket) => new Promise((resolve) => socket.resume().on('close', resolve))),
  )
  const drip = (async () => {
    for (;;) {
      await wait(500)
      const open = slow.filter((socket) => !socket.destroyed)
      if (open.length === 0) return
      for (const socket of open) socket.write('x')
    }
  })()
  await closed
  await drip
  expect(await isWell()).toMatchObject({ type: 'metrics_response' })
}, 30_000)

test('a hundred who come, ask and go leave no place taken', async () => {
  for (let i = 0; i < 100; i++) await isWell()
  const peers = Array.from({ length: 32 }, () => new WebSocket(url))
  await Promise.all(peers.map((peer) => once(peer, 'open')))
  for (const peer of peers) peer.terminate()
}, 30_000)

// The last one: it uses up what the others would need.
test('who comes back for each message is limited too, and the next second is another', async () => {
  const come = () =>
    new Promise<'admitted' | 'refused'>((resolve) => {
      const peer = new WebSocket(url)
      peer.on('open', () => resolve('admitted')).on('open', () => peer.terminate())
      peer.on('error', () => resolve('refused'))
    })
  const answers: string[] = []
  for (let i = 0; i < 100; i++) answers.push(...(await Promise.all(Array.from({ length: 8 }, come))))
  expect(answers).toContain('admitted')
  expect(answers).toContain('refused')
  while ((await come()) === 'refused') await wait(20)
}, 30_000)

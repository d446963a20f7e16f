import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, startReceiver } from '../testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

/** Sends everything that a message can be, both ways, and says what arrived. */
const boss = `
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import net from 'node:net'
writeFileSync('hand.mjs', \`
  import { setTimeout as later } from 'node:timers/promises'
  const rounds = []
  await later(150)
  process.on('message', async (message, handle) => {
    if (handle) handle.destroy?.()
    rounds.push(message)
    if (message === 'end') {
      process.send(rounds)
      process.disconnect()
      return
    }
    await null
    process.send({ got: message, handle: handle !== undefined })
    process.send('second')
  })
  process.send({ ready: true })
\`)
const said = []
const hand = fork('hand.mjs', { serialization: process.env.SERIALIZATION, execArgv: process.env.BARE ? [] : process.execArgv })
hand.on('message', (message) => {
  said.push(message)
  if (message?.ready) go()
})
const go = async () => {
  const messages = [{ plain: 1 }, 'text', 7, null, [1, [2]], { cmd: 'mine' }, { cmd: 'NODER' }]
  if (process.env.SERIALIZATION === 'advanced') messages.push(new Map([[1, undefined]]), new Uint8Array([1, 2]), new Date(0))
  for (const message of messages) hand.send(message)
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect(server.address().port)
  await once(socket, 'connect')
  hand.send({ with: 'handle' }, socket)
  server.close()
  hand.send('end', undefined, {}, () => {})
}
await once(hand, 'exit')
const { inspect } = await import('node:util')
console.log(inspect(said, { depth: 9 }), hand.send.length, hand.send.name, process.listenerCount('message'))`

const end = async (env: Record<string, string>, nodeOptions?: readonly string[]) => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const agent = await runAgent({
    source: boss,
    file: 'boss.mjs',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
    ...(nodeOptions !== undefined && { nodeOptions }),
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const last = (name: string) =>
    receiver.reports.filter(({ resource }) => resource['service.name'] === name).at(-1)!
  return { stdout, last }
}

test.each(['json', 'advanced'])(
  '%s messages arrive as sent, with probes, one probe and none',
  async (SERIALIZATION) => {
    const bare = await end({ SERIALIZATION }, [])
    expect(bare.stdout).toContain('handle: true')
    expect((await end({ SERIALIZATION, BARE: '1' })).stdout).toBe(bare.stdout)
    const watched = await end({ SERIALIZATION })
    expect(watched.stdout).toBe(bare.stdout)

    const ipc = { 'perfmon.message.transport': 'ipc' }
    const sent = SERIALIZATION === 'json' ? 9 : 12
    const [boss, hand] = [watched.last('boss'), watched.last('hand')]
    expect(pointValue(boss, 'perfmon.message.sent', ipc)).toBe(sent)
    // One to say that it is ready, two for each message and the last.
    const answered = 1 + 2 * (sent - 1) + 1
    expect(pointValue(hand, 'perfmon.message.sent', ipc)).toBe(answered)
    expect(pointValue(hand, 'perfmon.message.latency', { ...ipc, 'service.peer.name': 'boss' })).toBe(sent)
    expect(
      pointValue(boss, 'perfmon.message.latency', { ...ipc, 'service.peer.name': 'hand' }),
    ).toBeGreaterThanOrEqual(answered - 1)
    expect(pointValue(boss, 'perfmon.message.round_trip.duration', { 'service.peer.name': 'hand' })).toBe(1)
    expect(hand.metrics.get('perfmon.message.fan_out')!.points[0]).toMatchObject({
      value: sent,
      sum: answered - 1,
    })
  },
)

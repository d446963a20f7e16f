import { once } from 'node:events'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildProbe, type RunningAgent, runAgent } from './testing/run-agent.ts'
import { type Receiver, startReceiver } from './testing/start-receiver.ts'

/** What the probe asks the system for is not always to be had: then it says less, or says so, and the agent runs. */

let receiver: Receiver
let agent: RunningAgent | undefined
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  agent?.process.kill('SIGKILL')
  await agent?.ended
  await receiver.close()
})

const start = async (source: string, env: Record<string, string> = {}) => {
  agent = await runAgent({
    source,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env },
  })
  return agent
}
const living = 'setInterval(() => {}, 1000)'

test('without /proc there is no resident memory, and everything else', async () => {
  // As libuv answers there.
  await start(
    `process.memoryUsage.rss = () => { throw new Error('ENOENT, uv_resident_set_memory') }; ${living}`,
  )
  const { metrics } = await receiver.report(() => true)
  expect(metrics.has('process.memory.usage')).toBe(false)
  expect(metrics.has('process.cpu.time')).toBe(true)
  expect(metrics.has('v8js.memory.heap.used')).toBe(true)
})

test('reports that cannot be put together are told of once, and come again when they can', async () => {
  const running = await start(`
const { cpuUsage } = process
process.cpuUsage = () => { throw new Error('not now') }
setTimeout(() => { process.cpuUsage = cpuUsage }, 1000)
${living}`)
  await running.said('cannot put its report together (not now)')
  await receiver.report(({ metrics }) => metrics.has('process.cpu.time'))
  expect(running.output().stderr.trim().split('\n')).toHaveLength(1)
})

test('a clock that is set back does not freeze what is answered', async () => {
  const running = await start(
    `
const { now } = Date
let backMs = 0
Date.now = () => now() - backMs
setTimeout(() => {
  backMs = 3_600_000
  console.log('set back')
}, 1000)
${living}`,
    { PERFMON_WS_PORT: '0' },
  )
  const { resource } = await receiver.report(() => true)
  const peer = new WebSocket(String(resource['perfmon.agent.websocket.url']))
  await once(peer, 'open')
  const ask = async (): Promise<number> => {
    const answer = once(peer, 'message')
    peer.send('{"type":"metrics_request"}')
    return JSON.parse(String((await answer)[0])).lastHeartbeat
  }
  const before = await ask()
  await running.said('set back')
  expect(await ask()).toBeLessThan(before - 3_000_000)
  peer.terminate()
})

test.skipIf(process.platform === 'win32')(
  'without a file descriptor to spare it begins when there is one',
  async () => {
    const running = await start(`
import { closeSync, openSync } from 'node:fs'
const held = []
try {
  for (;;) held.push(openSync('/dev/null'))
} catch {}
setTimeout(() => { for (const file of held) closeSync(file) }, 1500)
${living}`)
    await running.said('could not start: EMFILE')
    expect((await receiver.report(() => true)).metrics.has('process.cpu.time')).toBe(true)
  },
  20_000,
)

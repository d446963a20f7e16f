import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import type { Agent, Series } from '@perfmon/protocol'
import { afterEach, expect, test } from 'vitest'
import type { SampleBatch } from '../../store/store.ts'
import { createLogger } from '../../system/logger.ts'
import { apiCollector } from './api-collector.ts'
import { type CollectedPoint, gauge } from './collector.ts'
import { collectorsSchema } from './collector-settings.ts'
import { neuralCollector } from './neural-collector.ts'
import { type Collectors, runCollectors } from './run-collectors.ts'
import { swarmCollector } from './swarm-collector.ts'
import { systemCollector } from './system-collector.ts'

let running: Collectors | undefined
afterEach(() => running?.close())

const named = (points: readonly CollectedPoint[]) =>
  Object.fromEntries(points.map(({ metric, value }) => [metric, value]))

test('those that are on run at their own intervals; one that fails or is slow holds up no other', async () => {
  const settings = collectorsSchema.parse({
    level: 'minimal',
    system: { interval: '100ms' },
    api: { interval: '100ms', level: 'detailed' },
    swarm: { enabled: false },
    neural: { interval: '100ms' },
    memory: { interval: '100ms' },
  })
  const told: { id: string; points: readonly CollectedPoint[] }[] = []
  const levels: string[] = []
  let look = () => {}
  const one = (level: string) => {
    levels.push(level)
    return { collect: () => [gauge('x', '1', 1)] }
  }
  await new Promise<void>((resolve) => {
    look = () => {
      const { neural, memory } = running!.stats()
      if (told.length > 4 && neural!.skipped > 1 && memory!.failures > 1) resolve()
    }
    running = runCollectors({
      settings,
      make: {
        system: one,
        api: one,
        swarm: () => expect.fail('it is switched off'),
        neural: () => ({ collect: () => new Promise(() => {}) }),
        memory: () => ({ collect: () => Promise.reject(new Error('broken')) }),
      },
      ingest: {
        async acceptCollected(agent, points) {
          told.push({ id: agent.id, points })
          look()
        },
      },
      clock: { nowMs: Date.now, random: () => 0 },
      logger: createLogger({ level: 'silent' }),
    })
  })
  expect(levels).toEqual(['minimal', 'detailed'])
  expect(new Set(told.map(({ id }) => id))).toEqual(new Set(['perfmon.system', 'perfmon.api']))
})

test('the machine: shares between 0 and 1, and nothing of a kind twice', async () => {
  const collector = systemCollector({ level: 'detailed', dataDir: tmpdir() })
  await collector.collect(Number.NaN)
  // Something for the CPU's clock to count.
  const untilMs = performance.now() + 50
  while (performance.now() < untilMs);
  const points = await collector.collect(50)
  const keys = points.map(({ metric, attributes }) => metric + JSON.stringify(attributes))
  expect(new Set(keys).size).toBe(keys.length)
  for (const { unit, value } of points) expect(value >= 0 && (unit !== '1' || value <= 1)).toBe(true)
  expect(keys).toEqual(
    expect.arrayContaining(['system.memory.utilization{}', 'system.filesystem.utilization{}']),
  )
})

test('the API: what ended since the last time', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/bad' ? 503 : 200
    response.end()
  })
  const collector = apiCollector({ level: 'standard', server })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  for (const path of ['/', '/', '/', '/bad']) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  const points = named(await collector.collect(2_000))
  expect(points).toMatchObject({
    'perfmon.aggregator.api.request.rate': 2,
    'perfmon.aggregator.api.error.ratio': 0.25,
  })
  expect(named(await collector.collect(2_000))).not.toHaveProperty('perfmon.aggregator.api.error.ratio')
  server.close()
  server.closeAllConnections()
})

test('swarms: errors weigh as much as is served; who is gone counts in no mean', async () => {
  const agent = (status: Agent['status'], cpu: number, errorRate: number | null, requestRate: number) =>
    ({
      swarm: 'scouts',
      status,
      vitals: { cpu, memory: null, errorRate, requestRate, responseTime: null, eventLoop: cpu },
    }) as Agent
  const agents = [agent('active', 0.2, 0.5, 1), agent('idle', 0.4, 0, 9), agent('offline', 5, 1, 100)]
  const points = named(
    await swarmCollector({ level: 'standard', agents: { list: () => agents } }).collect(5_000),
  )
  expect(points).toEqual({
    'perfmon.swarm.agent.present': 2,
    'perfmon.swarm.agent.active': 1,
    'perfmon.swarm.agent.offline': 1,
    'perfmon.swarm.cpu.utilization': expect.closeTo(0.3),
    'perfmon.swarm.error.ratio': 0.05,
    'perfmon.swarm.request.rate': 10,
    'perfmon.swarm.load.share.max': 0.9,
    'perfmon.swarm.idle.ratio': expect.closeTo(0.7),
  })
})

test('swarms beyond a hundred are not told one by one, and it is told of how many agents', async () => {
  const vitals = {
    cpu: null,
    memory: null,
    errorRate: null,
    requestRate: null,
    responseTime: null,
    eventLoop: null,
  }
  const agents = Array.from(
    { length: 103 },
    (_, index) => ({ swarm: `swarm ${index}`, status: 'active', vitals }) as Agent,
  )
  const points = await swarmCollector({ level: 'minimal', agents: { list: () => agents } }).collect(5_000)
  expect(points.filter(({ metric }) => metric === 'perfmon.swarm.agent.present')).toHaveLength(100)
  expect(points.find(({ metric }) => metric === 'perfmon.swarm.omitted.agent')?.value).toBe(3)
})

test('inference: growth of what was stored, not the totals', async () => {
  let hear: (batch: SampleBatch) => void = () => {}
  const series = (id: number, metric: string, part: string, attributes = {}) =>
    ({ id, agentId: 'a', metric, part, attributes }) as Series
  const all = [
    series(0, 'gen_ai.client.operation.duration', 'count'),
    series(1, 'gen_ai.client.operation.duration', 'sum'),
    series(2, 'gen_ai.client.token.usage', 'sum', { 'gen_ai.token.type': 'output' }),
    series(3, 'perfmon.agent.cpu.utilization', 'value'),
  ]
  const collector = neuralCollector({
    level: 'standard',
    stored: [],
    onSamples: (listener) => {
      hear = listener
    },
    seriesById: (id) => all[id],
    swarmOf: () => 'scouts',
  })
  const batch = (values: number[], newSeries: Series[] = []): SampleBatch => ({
    newSeries,
    seriesIds: Uint32Array.from(all.map(({ id }) => id)),
    timesMs: new Float64Array(4),
    values: Float64Array.from(values),
  })
  hear(batch([100, 900, 5_000, 0.5], all))
  hear(batch([104, 902, 5_200, 0.5]))
  expect(named(await collector.collect(2_000))).toMatchObject({
    'perfmon.swarm.inference.operation.rate': 2,
    'perfmon.swarm.inference.operation.duration': 0.5,
    'perfmon.swarm.inference.token.rate': 100,
  })
  // A process that began anew.
  hear(batch([2, 1, 10, 0.5]))
  expect(named(await collector.collect(2_000))).toMatchObject({ 'perfmon.swarm.inference.operation.rate': 1 })
})

import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Agent, Alert, NewEvent, Series } from '@perfmon/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore, type StoreOptions } from './open-store.ts'
import type { Delivery, SampleBatch } from './store.ts'

const startMs = 1_795_000_000_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs

let dir: string
let nowMs: number
let warnings: string[]
let stores: EmbeddedStore[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'perfmon-store-'))
  nowMs = startMs
  warnings = []
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close().catch(() => {})
  rmSync(dir, { recursive: true, force: true })
})

const open = async (options: Partial<StoreOptions> = {}): Promise<EmbeddedStore> => {
  const store = await openStore({
    dir,
    nowMs: () => nowMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: (message) => void warnings.push(message),
    ...options,
  })
  stores.push(store)
  return store
}

const seriesOf = (id: number, agentId = 'agent-1'): Series => ({
  id,
  agentId,
  metric: 'agent.cpu',
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: { 'thread.id': id, 'evil <b>': "'; DROP TABLE series; --" },
})

/** One sample per series and step, `values` being the step. */
const batchOf = ({
  ids,
  from = 0,
  count = 1,
  stepMs = 10_000,
  newSeries = [] as readonly Series[],
}: {
  ids: readonly number[]
  from?: number
  count?: number
  stepMs?: number
  newSeries?: readonly Series[]
}): SampleBatch => {
  const steps = Array.from({ length: count }, (_, index) => from + index)
  return {
    newSeries,
    seriesIds: Uint32Array.from(steps.flatMap(() => ids)),
    timesMs: Float64Array.from(steps.flatMap((step) => ids.map(() => startMs + step * stepMs))),
    values: Float64Array.from(steps.flatMap((step) => ids.map(() => step))),
  }
}

const valuesOf = async (store: EmbeddedStore, id: number): Promise<number[]> => [
  ...(await store.readSamples(id, 0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).values,
]
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const agentOf = (id: string, lastSeenMs = startMs): Agent => ({
  id,
  name: 'writer',
  swarm: 'docs',
  source: 'otlp',
  status: 'active',
  firstSeenMs: startMs,
  lastSeenMs,
  reportIntervalMs: null,
  vitals: {
    cpu: 0.5,
    memory: null,
    responseTime: null,
    errorRate: null,
    activeConnections: null,
    requestRate: null,
    eventLoop: null,
  },
  attributes: {},
})

const alertOf = (id: string, state: Alert['state'], updatedAtMs: number): Alert => ({
  id,
  fingerprint: id,
  rule: 'high-cpu',
  severity: 'critical',
  state,
  labels: {},
  summary: '',
  unit: '1',
  value: 0.9,
  threshold: 0.8,
  pendingSinceMs: updatedAtMs,
  activeSinceMs: null,
  resolvedAtMs: null,
  resolveReason: null,
  updatedAtMs,
})

const started = (timeMs: number): NewEvent => ({ type: 'aggregator-started', version: '1', timeMs })

const deliveryOf = (key: string, eventSeq: number, nextAttemptMs: number): Delivery => ({
  key,
  channel: 'chat',
  eventSeq,
  state: 'waiting',
  attempts: 0,
  nextAttemptMs,
  lastError: null,
})

describe('samples', () => {
  it('are read back from memory, tail and chunks as one range', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ ids: [0, 1], count: 300, newSeries: [seriesOf(0), seriesOf(1)] }))
    await store.checkpoint()
    await store.appendSamples(batchOf({ ids: [0], from: 300, count: 1000 }))
    expect(await valuesOf(store, 0)).toEqual(upTo(1300))
    await store.checkpoint()
    await store.appendSamples(batchOf({ ids: [0], from: 1300, count: 5 }))
    expect(await valuesOf(store, 0)).toEqual(upTo(1305))
    expect(await valuesOf(store, 1)).toEqual(upTo(300))
  })

  it('are cut to the range, and of too many the newest are kept', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ ids: [0], count: 1000, newSeries: [seriesOf(0)] }))
    await store.checkpoint()
    await store.appendSamples(batchOf({ ids: [0], from: 1000, count: 10 }))
    const read = async (from: number, to: number, limit: number) => [
      ...(await store.readSamples(0, startMs + from * 10_000, startMs + to * 10_000, limit)).values,
    ]
    expect(await read(995, 1003, 100)).toEqual([995, 996, 997, 998, 999, 1000, 1001, 1002])
    expect(await read(0, 1003, 4)).toEqual([999, 1000, 1001, 1002])
    expect(await read(10, 500, 3)).toEqual([497, 498, 499])
    expect(await read(10, 12, 0)).toEqual([])
    expect(await read(2000, 3000, 10)).toEqual([])
    expect([...(await store.readSamples(99, 0, startMs * 2, 10)).values]).toEqual([])
  })

  it('that are not newer than the last of their series are left out and counted', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ ids: [0], count: 10, newSeries: [seriesOf(0)] }))
    await store.appendSamples(batchOf({ ids: [0], from: 5, count: 6 }))
    await store.appendSamples({
      newSeries: [],
      seriesIds: Uint32Array.of(0),
      timesMs: Float64Array.of(Number.NaN),
      values: Float64Array.of(1),
    })
    expect(await valuesOf(store, 0)).toEqual(upTo(11))
    expect((await store.stats()).outOfOrder).toBe(6)
  })

  it('of a series that was never introduced refuse their batch', async () => {
    const store = await open()
    await expect(store.appendSamples(batchOf({ ids: [7] }))).rejects.toMatchObject({
      code: 'failed',
      message: /series 7/,
    })
    await store.appendSamples(batchOf({ ids: [7], newSeries: [seriesOf(7)] }))
    expect(await valuesOf(store, 7)).toEqual([0])
  })

  it('are told to listeners in order, once they are durable, whatever a listener does', async () => {
    const store = await open()
    const heard: number[] = []
    store.onSamples(() => {
      throw new Error('listener')
    })
    store.onSamples((batch) => void heard.push(batch.values[0]!))
    await Promise.all(
      upTo(50).map((step) =>
        store.appendSamples(batchOf({ ids: [0], from: step, newSeries: step === 0 ? [seriesOf(0)] : [] })),
      ),
    )
    expect(heard).toEqual(upTo(50))
    expect(warnings[0]).toMatch(/a listener of the store threw/)
  })

  it('go on in the same chunk after a restart, and the last of each series is known', async () => {
    const first = await open()
    await first.appendSamples(batchOf({ ids: [0, 2], count: 7, newSeries: [seriesOf(0), seriesOf(2)] }))
    await first.close()
    const second = await open()
    expect(second.stored.series).toEqual([seriesOf(0), seriesOf(2)])
    expect(second.stored.lastValues).toEqual(Float64Array.of(6, Number.NaN, 6))
    expect(second.stored.lastTimesMs).toEqual(Float64Array.of(startMs + 60_000, Number.NaN, startMs + 60_000))
    await second.appendSamples(batchOf({ ids: [0], from: 7, count: 7 }))
    await second.checkpoint()
    expect(await valuesOf(second, 0)).toEqual(upTo(14))
    expect((await second.stats()).chunks).toBe(2)
  })

  it('keep every bit on the way', async () => {
    const odd = Float64Array.of(
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      0.1,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
    )
    const times = odd.map((_, index) => startMs + index + 0.25)
    const store = await open()
    await store.appendSamples({
      newSeries: [seriesOf(0)],
      seriesIds: new Uint32Array(odd.length),
      timesMs: times,
      values: odd,
    })
    await store.checkpoint()
    const read = await store.readSamples(0, 0, startMs * 2, 100)
    expect(new Uint8Array(read.values.buffer)).toEqual(new Uint8Array(odd.buffer))
    expect(read.timesMs).toEqual(times)
  })

  it('are refused, and counted, while too many wait for the disk', async () => {
    const store = await open({ maxWaitingBytes: 10_000 })
    const results = await Promise.allSettled(
      upTo(10).map((step) =>
        store.appendSamples(batchOf({ ids: [0], from: step * 200, count: 200, newSeries: [seriesOf(0)] })),
      ),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(5)
    expect(refused[0]!.reason).toMatchObject({ code: 'overloaded' })
    expect((await store.stats()).overloaded).toBe(refused.length)
    await store.appendSamples(batchOf({ ids: [0], from: 5000 }))
  })
})

describe('agents, alerts, events and deliveries', () => {
  it('are there after a restart', async () => {
    const first = await open()
    let woken = 0
    first.onEvents(() => {
      woken += 1
    })
    await first.saveAgents([agentOf('a'), agentOf('b')], [])
    await first.saveAgents([agentOf('a', startMs + 5)], [started(startMs + 1)])
    await first.recordAlerts(
      [alertOf('x', 'active', startMs + 3), alertOf('y', 'pending', startMs + 4)],
      [started(startMs + 2), started(startMs + 3)],
    )
    await first.recordAlerts([alertOf('z', 'resolved', startMs + 5)], [])
    expect(woken).toBe(2)
    await first.close()

    const second = await open()
    expect(second.stored.agents).toEqual([agentOf('a', startMs + 5), agentOf('b')])
    expect(second.stored.openAlerts.map(({ id }) => id)).toEqual(['y', 'x'])
    expect(second.stored.lastEventSeq).toBe(3)
    expect(await second.readEvents(1, 10)).toEqual([
      { ...started(startMs + 2), seq: 2 },
      { ...started(startMs + 3), seq: 3 },
    ])
    expect(await second.readEvents(0, 1)).toEqual([{ ...started(startMs + 1), seq: 1 }])
    expect((await second.listAlerts(['resolved', 'active'], 10)).map(({ id }) => id)).toEqual(['z', 'x'])
    expect((await second.listAlerts(['resolved', 'active', 'pending'], 2)).map(({ id }) => id)).toEqual([
      'z',
      'y',
    ])
    expect(await second.readEvent(9)).toBeNull()
  })

  it('a cursor moves with its deliveries, and a known delivery is left as it is', async () => {
    const store = await open()
    await store.appendEvents([started(1), started(2)])
    expect(await store.readCursor('notify')).toBe(0)
    expect(await store.waitingChannels()).toEqual([])
    await store.enqueueDeliveries('notify', 2, [deliveryOf('2:chat', 2, 50), deliveryOf('1:chat', 1, 70)])
    await store.updateDelivery({ ...deliveryOf('1:chat', 1, 60), attempts: 1, lastError: '503' })
    await store.enqueueDeliveries('notify', 2, [deliveryOf('1:chat', 1, 10)])
    expect(await store.readCursor('notify')).toBe(2)
    expect(await store.waitingChannels()).toEqual(['chat'])
    expect(await store.waitingDeliveries('mail', 10)).toEqual([])
    expect((await store.waitingDeliveries('chat', 1)).map(({ key }) => key)).toEqual(['1:chat'])
    expect((await store.waitingDeliveries('chat', 10)).map(({ key, attempts }) => [key, attempts])).toEqual([
      ['1:chat', 1],
      ['2:chat', 0],
    ])
    await store.updateDelivery({ ...deliveryOf('2:chat', 2, 50), state: 'sent' })
    expect((await store.waitingDeliveries('chat', 10)).map(({ key }) => key)).toEqual(['1:chat'])
  })

  it('a change that cannot be stored leaves nothing behind and spoils no other', async () => {
    const store = await open()
    const broken = { ...alertOf('bad', 'active', 1), updatedAtMs: null as unknown as number }
    const results = await Promise.allSettled([
      store.appendEvents([started(1)]),
      store.recordAlerts([alertOf('fine', 'active', 1), broken], [started(2)]),
      store.appendEvents([started(3)]),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await store.readEvents(0, 10)).map(({ timeMs }) => timeMs)).toEqual([1, 3])
    expect(await store.listAlerts(['active'], 10)).toEqual([])
  })
})

describe('the directory', () => {
  it('is for one aggregator, and the refusal names it and what to do', async () => {
    await open()
    await expect(open()).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining(dir) })
  })

  it('is made for its owner alone', async () => {
    dir = join(dir, 'deep', 'er')
    await open()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(warnings).toEqual([])
  })

  it('that cannot be one is refused', async () => {
    writeFileSync(join(dir, 'file'), '')
    await expect(open({ dir: join(dir, 'file') })).rejects.toMatchObject({ code: 'unwritable' })
    await expect(open({ dir: join(dir, 'file', 'below') })).rejects.toMatchObject({ code: 'unwritable' })
  })

  it('with a file that is no database is refused as damaged, with the remedy', async () => {
    writeFileSync(
      join(dir, 'perfmon.db'),
      'not a database at all, and long enough to be read as one'.repeat(100),
    )
    await expect(open()).rejects.toMatchObject({ code: 'damaged', message: /move perfmon.db/ })
  })

  it('is free again after close, and the closed store says so', async () => {
    const store = await open()
    await store.close()
    await expect(store.appendSamples(batchOf({ ids: [0] }))).rejects.toMatchObject({ code: 'closed' })
    await store.close()
    await open()
  })
})

describe('retention', { timeout: 30_000 }, () => {
  it('removes by age: samples, events, resolved alerts, finished deliveries', async () => {
    const store = await open({ retention: { days: 2, bytes: 2 ** 30 } })
    await store.appendSamples(
      batchOf({ ids: [0, 1], count: 3 * 24, stepMs: hourMs, newSeries: [seriesOf(0), seriesOf(1)] }),
    )
    await store.appendSamples(batchOf({ ids: [0], from: 3 * 24, count: 24, stepMs: hourMs }))
    await store.recordAlerts(
      [alertOf('old', 'resolved', startMs), alertOf('open', 'active', startMs)],
      [started(startMs), started(startMs + 3 * dayMs)],
    )
    await store.enqueueDeliveries('notify', 1, [
      { ...deliveryOf('1', 1, 0), state: 'sent' },
      deliveryOf('waits', 1, 0),
    ])
    nowMs = startMs + 4 * dayMs
    await store.checkpoint()
    const kept = await valuesOf(store, 0)
    expect(kept.at(-1)).toBe(95)
    expect(kept[0]).toBeGreaterThanOrEqual(46)
    expect(kept[0]).toBeLessThanOrEqual(48)
    expect((await store.readEvents(0, 10)).map(({ seq }) => seq)).toEqual([2])
    expect((await store.listAlerts(['resolved', 'active'], 10)).map(({ id }) => id)).toEqual(['open'])
    expect((await store.waitingDeliveries('chat', 10)).map(({ key }) => key)).toEqual(['waits'])
    nowMs = startMs + 10 * dayMs
    await store.checkpoint()
    expect(await valuesOf(store, 0)).toEqual([])
    expect(await store.stats()).toMatchObject({ chunks: 0, events: 0 })
    await store.appendEvents([started(nowMs)])
    expect((await store.readEvents(0, 10)).map(({ seq }) => seq)).toEqual([3])
  })

  it('keeps the files under their bound by removing the oldest samples', async () => {
    const bytes = 4 * 2 ** 20
    const store = await open({ retention: { days: 3650, bytes }, checkpointBytes: 256 * 1024 })
    const ids = upTo(100)
    let noise = 1
    for (let round = 0; round < 60; round += 1) {
      const batch = batchOf({
        ids,
        from: round * 100,
        count: 100,
        newSeries: round === 0 ? ids.map((id) => seriesOf(id)) : [],
      })
      for (let index = 0; index < batch.values.length; index += 1) {
        noise = (noise * 48_271) % 2_147_483_647
        batch.values[index] = noise / 2_147_483_647
      }
      await store.appendSamples(batch)
      await store.checkpoint()
      expect((await store.stats()).bytes).toBeLessThanOrEqual(bytes)
    }
    const kept = await store.readSamples(50, 0, Number.MAX_SAFE_INTEGER, 1e9)
    expect(kept.timesMs.at(-1)).toBe(startMs + 5999 * 10_000)
    expect(kept.timesMs.length).toBeGreaterThan(1000)
    expect(kept.timesMs.length).toBeLessThan(6000)
  })

  it('forgets, at the next start, agents that are gone with all their samples', async () => {
    const first = await open({ retention: { days: 2, bytes: 2 ** 30 } })
    const series = [seriesOf(0, 'gone'), seriesOf(1, 'stays'), seriesOf(2, 'stays')]
    await first.appendSamples(batchOf({ ids: [0, 1, 2], newSeries: series }))
    await first.saveAgents([agentOf('gone'), agentOf('stays', startMs + 4 * dayMs)], [])
    await first.close()
    nowMs = startMs + 4 * dayMs
    const second = await open({ retention: { days: 2, bytes: 2 ** 30 } })
    expect(second.stored.agents.map(({ id }) => id)).toEqual(['stays'])
    expect(second.stored.series).toEqual(series.slice(1))
  })
})

it('leaves one empty journal segment after close', async () => {
  const store = await open({ checkpointBytes: 20_000 })
  for (let step = 0; step < 20; step += 1) {
    await store.appendSamples(
      batchOf({ ids: [0], from: step * 100, count: 100, newSeries: step === 0 ? [seriesOf(0)] : [] }),
    )
  }
  await store.close()
  const segments = readdirSync(dir).filter((name) => name.startsWith('journal-'))
  expect(segments.map((name) => statSync(join(dir, name)).size)).toEqual([16])
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricSink } from '@perfmon/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAgentTable } from '../store/agent-table.ts'
import { type EmbeddedStore, openStore } from '../store/open-store.ts'
import { createSeriesTable } from '../store/series-table.ts'
import { type SampleBatch, type Store, StoreError } from '../store/store.ts'
import { createVitalHistory } from '../store/vital-history.ts'
import { createAgentRegister } from './agent-register.ts'
import { createIngest } from './ingest.ts'
import { createSampleState } from './sample-state.ts'

const nowMs = 1_795_000_000_000
let dir: string
let store: EmbeddedStore

const open = () => openStore({ dir, nowMs: () => nowMs, retention: { days: 30, bytes: 1e9 }, warn: () => {} })

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perfmon-late-'))
  store = await open()
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true })
})

/** What a started aggregator has of this, on what the store holds now. */
function start(over: Partial<Store> = {}) {
  const agents = createAgentTable(store.stored.agents)
  const series = createSeriesTable(store.stored.series, () => true, { perAgent: 100, total: 1_000 })
  const ingest = createIngest({
    // The real store with single verbs replaced: a disk that refuses cannot be had on demand.
    store: { ...store, stored: store.stored, ...over },
    series,
    state: createSampleState(store.stored),
    agents: createAgentRegister({ table: agents, maxAgents: 10, listeningSinceMs: nowMs }),
    history: createVitalHistory(),
    nowMs: () => nowMs,
    lateWindowMs: 60_000,
  })
  return { ingest, series, agents }
}
type Started = ReturnType<typeof start>

/** [time after `nowMs`, value] */
type Points = readonly (readonly [number, number])[]
const kinds = { gauge: 0, delta: 1, cumulative: 2 } as const

function request(kind: keyof typeof kinds, points: Points, name: string = kind) {
  return (sink: MetricSink) => {
    sink.resource([
      ['service.instance.id', 'a1'],
      ['service.name', 'worker'],
    ])
    const isSum = kind !== 'gauge'
    sink.metric({
      name,
      unit: '1',
      kind: isSum ? 'sum' : 'gauge',
      temporality: kinds[kind],
      monotonic: isSum,
    })
    for (const [afterMs, value] of points)
      sink.number(
        { attributes: [], startMs: nowMs - 1_000, timeMs: nowMs + afterMs, noRecordedValue: false },
        value,
      )
  }
}

async function stored({ series }: Started, metric: string): Promise<Points> {
  const found = series.ofAgent('a1').find((one) => one.metric === metric)!
  const { timesMs, values } = await store.readSamples(found.id, 0, Number.MAX_SAFE_INTEGER, 1_000)
  return Array.from(timesMs, (timeMs, i) => [timeMs - nowMs, values[i]!])
}

async function restart() {
  await store.close()
  store = await open()
  return start()
}

describe('a point behind the newest of its series', () => {
  test.each(['gauge', 'cumulative'] as const)('is kept in its place (%s), once', async (kind) => {
    const first = start()
    await first.ingest.accept(request(kind, [[10, 1]]))
    await first.ingest.accept(request(kind, [[30, 3]]))
    await first.ingest.accept(request(kind, [[20, 2]]))
    await first.ingest.accept(request(kind, [[20, 2]]))
    const whole = [
      [10, 1],
      [20, 2],
      [30, 3],
    ]
    expect(await stored(first, kind)).toEqual(whole)
    expect(first.ingest.stats()).toMatchObject({ samples: 3, latePoints: 1, duplicatePoints: 1 })
    const second = await restart()
    await second.ingest.accept(request(kind, [[20, 2]]))
    await second.ingest.accept(request(kind, [[10, 1]]))
    expect(await stored(second, kind)).toEqual(whole)
    expect(second.ingest.stats()).toMatchObject({ samples: 0, duplicatePoints: 2 })
  })

  test('in one request with newer ones of another report is not even late', async () => {
    const started = start()
    await started.ingest.accept((sink) => {
      request('delta', [[20, 2]])(sink)
      request('delta', [[10, 1]])(sink)
    })
    expect(await stored(started, 'delta')).toEqual([
      [10, 1],
      [20, 3],
    ])
    expect(started.ingest.stats()).toMatchObject({ latePoints: 0 })
  })

  test('in one request with newer ones, some of them twice, is kept once', async () => {
    const started = start()
    const points: Points = [
      [20, 2],
      [10, 1],
      [20, 2],
      [10, 1],
    ]
    await started.ingest.accept(request('gauge', points))
    await started.ingest.accept(request('delta', points))
    expect(await stored(started, 'gauge')).toEqual([
      [10, 1],
      [20, 2],
    ])
    expect((await stored(started, 'delta')).at(-1)).toEqual([20, 3])
    expect(started.ingest.stats()).toMatchObject({ latePoints: 2, duplicatePoints: 4 })
  })

  test('is dropped and counted when it is further behind than the window', async () => {
    const started = start()
    await started.ingest.accept(request('gauge', [[0, 1]]))
    await started.ingest.accept(request('gauge', [[-60_000, 2]]))
    await started.ingest.accept(request('gauge', [[-60_001, 3]]))
    expect(await stored(started, 'gauge')).toEqual([
      [-60_000, 2],
      [0, 1],
    ])
    expect(started.ingest.stats()).toMatchObject({ tooLatePoints: 1, latePoints: 1, duplicatePoints: 0 })
  })

  test('wakes no rule and changes neither vital signs nor when the agent was heard', async () => {
    const { ingest, agents } = start()
    const heard: number[] = []
    store.onSamples((batch: SampleBatch) => void heard.push(...batch.values))
    const connections = 'http.server.active_requests'
    await ingest.accept(request('cumulative', [[30, 7]], connections))
    const before = agents.get('a1')
    heard.length = 0
    await ingest.accept(request('cumulative', [[20, 99]], connections))
    expect(ingest.stats()).toMatchObject({ latePoints: 1 })
    expect(heard).toEqual([])
    expect(agents.get('a1')).toEqual(before)
  })
})

describe('an increase that comes late', () => {
  const threeOfFour = async ({ ingest }: Started) => {
    await ingest.accept(request('delta', [[10, 1]]))
    await ingest.accept(request('delta', [[30, 4]]))
    await ingest.accept(request('delta', [[40, 8]]))
  }
  // At its own time the total before it; in the newest sample, and in all later ones, the total with it.
  const withLate = [
    [10, 1],
    [20, 1],
    [30, 5],
    [40, 15],
  ]

  test('joins the total once, however often it is sent', async () => {
    const started = start()
    await threeOfFour(started)
    for (let i = 0; i < 3; i++) await started.ingest.accept(request('delta', [[20, 2]]))
    expect(await stored(started, 'delta')).toEqual(withLate)
    await started.ingest.accept(request('delta', [[50, 16]]))
    expect(await stored(started, 'delta')).toEqual([...withLate, [50, 31]])
  })

  test('joins it once when two requests bring it at the same time', async () => {
    const started = start()
    await threeOfFour(started)
    await Promise.all([
      started.ingest.accept(request('delta', [[20, 2]])),
      started.ingest.accept(request('delta', [[20, 2]])),
      started.ingest.accept(request('delta', [[50, 16]])),
    ])
    expect(await stored(started, 'delta')).toEqual([...withLate, [50, 31]])
    expect(started.ingest.stats()).toMatchObject({ latePoints: 1, duplicatePoints: 1 })
  })

  test.each(['checkpoint', 'no checkpoint'])('is in the total after a restart, with %s', async (how) => {
    const first = start()
    await threeOfFour(first)
    await first.ingest.accept(request('delta', [[20, 2]]))
    if (how === 'checkpoint') await store.checkpoint()
    const second = await restart()
    await second.ingest.accept(request('delta', [[20, 2]]))
    expect(await stored(second, 'delta')).toEqual(withLate)
    await second.ingest.accept(request('delta', [[50, 16]]))
    expect(await stored(second, 'delta')).toEqual([...withLate, [50, 31]])
  })

  test('before the first of its series starts at nothing', async () => {
    const started = start()
    await started.ingest.accept(request('delta', [[10, 1]]))
    await started.ingest.accept(request('delta', [[5, 2]]))
    expect(await stored(started, 'delta')).toEqual([
      [5, 0],
      [10, 3],
    ])
  })
})

describe('when the store refuses', () => {
  let isFull: boolean
  const refusing = (): Partial<Store> => ({
    appendSamples: async (batch) => {
      if (!isFull) return store.appendSamples(batch)
      await store.stats()
      throw new StoreError('disk-full', 'full')
    },
  })
  const full = { code: 'disk-full' }
  beforeEach(() => {
    isFull = false
  })

  test('late points are news again, and an increase counts once', async () => {
    const started = start(refusing())
    const newest = request('delta', [[30, 4]])
    const late = request('delta', [
      [40, 8],
      [20, 2],
    ])
    await started.ingest.accept(newest)
    isFull = true
    await expect(started.ingest.accept(late)).rejects.toMatchObject(full)
    await expect(started.ingest.accept(late)).rejects.toMatchObject(full)
    isFull = false
    await started.ingest.accept(late)
    expect((await stored(started, 'delta')).at(-1)).toEqual([40, 14])
    expect(started.ingest.stats()).toMatchObject({ samples: 3, latePoints: 1 })
  })

  test('requests that overlap are undone together, and every retry counts once', async () => {
    const started = start(refusing())
    await started.ingest.accept(request('delta', [[0, 1]]))
    isFull = true
    const overlapping = [
      request('delta', [[10, 2]]),
      request('delta', [[20, 4]]),
      request('delta', [[15, 8]]),
      request('delta', [[30, 16]]),
    ]
    const results = await Promise.allSettled(overlapping.map((one) => started.ingest.accept(one)))
    expect(results.map(({ status }) => status)).toEqual(overlapping.map(() => 'rejected'))
    isFull = false
    for (const one of overlapping.toReversed()) await started.ingest.accept(one)
    expect((await stored(started, 'delta')).at(-1)).toEqual([30, 31])
    expect((await restart().then((again) => stored(again, 'delta'))).at(-1)).toEqual([30, 31])
  })

  test('a repeat is not acknowledged before what it repeats', async () => {
    const started = start(refusing())
    await started.ingest.accept(request('gauge', [[0, 1]]))
    isFull = true
    const one = request('gauge', [[10, 2]])
    const [first, repeat] = await Promise.allSettled([started.ingest.accept(one), started.ingest.accept(one)])
    expect([first.status, repeat.status]).toEqual(['rejected', 'rejected'])
    isFull = false
    await started.ingest.accept(one)
    expect(await stored(started, 'gauge')).toEqual([
      [0, 1],
      [10, 2],
    ])
  })

  test('to look up, nothing is kept', async () => {
    let isBusy = false
    const started = start({
      locateSamples: (ids, timesMs) =>
        isBusy ? Promise.reject(new StoreError('overloaded', 'busy')) : store.locateSamples(ids, timesMs),
    })
    const late = request('delta', [
      [40, 8],
      [20, 2],
    ])
    await started.ingest.accept(request('delta', [[30, 4]]))
    isBusy = true
    await expect(started.ingest.accept(late)).rejects.toMatchObject({ code: 'overloaded' })
    expect(await stored(started, 'delta')).toEqual([[30, 4]])
    isBusy = false
    await started.ingest.accept(late)
    expect((await stored(started, 'delta')).at(-1)).toEqual([40, 14])
  })
})

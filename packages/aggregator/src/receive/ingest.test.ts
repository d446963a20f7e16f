import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MalformedBody, type MetricSink, type PointHeader } from '@perfmon/core'
import { vitalMetrics } from '@perfmon/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAgentTable } from '../store/agent-table.ts'
import { openStore } from '../store/open-store.ts'
import { createSeriesTable } from '../store/series-table.ts'
import { type Store, StoreError } from '../store/store.ts'
import { createVitalHistory } from '../store/vital-history.ts'
import { createAgentRegister } from './agent-register.ts'
import { createIngest } from './ingest.ts'
import { createSampleState } from './sample-state.ts'

const nowMs = 1_795_000_000_000
let dir: string
let store: Store

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perfmon-ingest-'))
  store = await openStore({ dir, nowMs: () => nowMs, retention: { days: 30, bytes: 1e9 }, warn: () => {} })
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true })
})

function make({
  over = {},
  perAgent = 100,
  maxAgents = 10,
}: {
  over?: Partial<Store>
  perAgent?: number
  maxAgents?: number
} = {}) {
  const agents = createAgentTable([])
  const series = createSeriesTable(store.stored.series, () => true, { perAgent, total: 1_000 })
  const register = createAgentRegister({ table: agents, maxAgents, listeningSinceMs: nowMs })
  // The real store with single verbs replaced: a disk that refuses cannot be had on demand.
  const port = { ...store, stored: store.stored, ...over } as Store
  const state = createSampleState(store.stored)
  const ingest = createIngest({
    store: port,
    series,
    state,
    agents: register,
    history: createVitalHistory(),
    nowMs: () => nowMs,
  })
  return { ingest, series, agents }
}

const point = (timeMs: number, attributes: PointHeader['attributes'] = []): PointHeader => ({
  attributes,
  startMs: nowMs - 1_000,
  timeMs,
  noRecordedValue: false,
})
const asAgent = (sink: MetricSink, id = 'a1') =>
  sink.resource([
    ['service.instance.id', id],
    ['service.name', 'worker'],
  ])
const gauge = (sink: MetricSink, name = 'g') =>
  sink.metric({ name, unit: '1', kind: 'gauge', temporality: 0, monotonic: false })
const sum = (sink: MetricSink, temporality: 0 | 1 | 2) =>
  sink.metric({ name: 's', unit: '1', kind: 'sum', temporality, monotonic: true })

async function stored(series: ReturnType<typeof make>['series'], metric: string, part = 'value') {
  const found = series.ofAgent('a1').find((one) => one.metric === metric && one.part === part)
  if (!found) return null
  const { timesMs, values } = await store.readSamples(found.id, 0, Number.MAX_SAFE_INTEGER, 100)
  return Array.from(timesMs, (timeMs, i) => [timeMs - nowMs, values[i]])
}

test('a request sent twice is stored once', async () => {
  const { ingest, series } = make()
  const decode = (sink: MetricSink) => {
    asAgent(sink)
    gauge(sink)
    sink.number(point(nowMs), 5)
  }
  await ingest.accept(decode)
  await ingest.accept(decode)
  expect(await stored(series, 'g')).toEqual([[0, 5]])
  expect(ingest.stats()).toMatchObject({ requests: 2, duplicatePoints: 1 })
})

test('deltas become a running total, also a mixture of both in one stream of requests', async () => {
  const { ingest, series } = make()
  for (const [i, value] of [3, 4, 5].entries()) {
    await ingest.accept((sink) => {
      asAgent(sink)
      sum(sink, 1)
      sink.number(point(nowMs + i), value)
    })
  }
  expect(await stored(series, 's')).toEqual([
    [0, 3],
    [1, 7],
    [2, 12],
  ])
})

test('a histogram becomes count, sum and cumulative buckets, and the vital signs they tell', async () => {
  const { ingest, series } = make()
  await ingest.accept((sink) => {
    asAgent(sink)
    sink.metric({
      name: 'http.server.request.duration',
      unit: 's',
      kind: 'histogram',
      temporality: 2,
      monotonic: false,
    })
    const attributes = [['http.response.status_code', 500]] as const
    sink.histogram({
      ...point(nowMs, attributes),
      count: 4,
      sum: 2,
      bounds: [0.1, 1],
      bucketCounts: [1, 2, 1],
    })
  })
  expect(await stored(series, 'http.server.request.duration', 'count')).toEqual([[0, 4]])
  expect(await stored(series, 'http.server.request.duration', 'sum')).toEqual([[0, 2]])
  const buckets = series.ofAgent('a1').filter((one) => one.part === 'bucket')
  expect(buckets.map((one) => one.attributes['le'])).toEqual(['0.1', '1'])
  expect(await stored(series, vitalMetrics.responseTime)).toEqual([[0, 0.5]])
  expect(await stored(series, vitalMetrics.errorRate)).toEqual([[0, 1]])
  expect(await stored(series, vitalMetrics.requestRate)).toEqual([[0, 4]])
})

test('a malformed body leaves nothing, not even the names of its series', async () => {
  const { ingest, series, agents } = make()
  const broken = ingest.accept((sink) => {
    asAgent(sink)
    gauge(sink)
    sink.number(point(nowMs), 5)
    throw new MalformedBody('cut off')
  })
  await expect(broken).rejects.toThrow(MalformedBody)
  expect(series.size).toBe(0)
  expect(agents.size).toBe(0)
  expect(ingest.stats()).toMatchObject({ malformedRequests: 1, samples: 0 })
})

test('what the store refuses is news again at the next try, with its series', async () => {
  let isFull = true
  const { ingest, series } = make({
    over: {
      appendSamples: (batch) =>
        isFull ? Promise.reject(new StoreError('disk-full', 'full')) : store.appendSamples(batch),
    },
  })
  const decode = (sink: MetricSink) => {
    asAgent(sink)
    sum(sink, 1)
    sink.number(point(nowMs), 5)
  }
  await expect(ingest.accept(decode)).rejects.toMatchObject({ code: 'disk-full' })
  isFull = false
  await ingest.accept(decode)
  expect(await stored(series, 's')).toEqual([[0, 5]])
  expect(ingest.stats()).toMatchObject({ duplicatePoints: 0 })
})

describe('points that cannot be used are refused one by one', () => {
  test.each([
    ['without a time', 0, /has no time/],
    ['from the future', nowMs + 700_000, /future/],
  ])('%s', async (_sentence, timeMs, reason) => {
    const { ingest } = make()
    const answer = await ingest.accept((sink) => {
      asAgent(sink)
      gauge(sink)
      sink.number(point(nowMs), 1)
      sink.number(point(timeMs, [['k', 'v']]), 1)
    })
    expect(answer).toMatchObject({ rejectedPoints: 1, message: expect.stringMatching(reason) })
  })

  test('with an unspecified temporality', async () => {
    const answer = await make().ingest.accept((sink) => {
      asAgent(sink)
      sum(sink, 0)
      sink.number(point(nowMs), 1)
    })
    expect(answer).toMatchObject({ rejectedPoints: 1, message: expect.stringMatching(/temporality/) })
  })

  test('over the limit of series', async () => {
    const answer = await make({ perAgent: 2 }).ingest.accept((sink) => {
      asAgent(sink)
      gauge(sink)
      for (const key of ['a', 'b', 'c', 'd']) sink.number(point(nowMs, [['key', key]]), 1)
    })
    expect(answer).toMatchObject({ rejectedPoints: 2, message: expect.stringMatching(/limit of series/) })
  })

  test('over the limit of agents', async () => {
    const { ingest, agents } = make({ maxAgents: 1 })
    const answer = await ingest.accept((sink) => {
      for (const id of ['a1', 'a2']) {
        asAgent(sink, id)
        gauge(sink)
        sink.number(point(nowMs), 1)
      }
    })
    expect(agents.list().map((agent) => agent.id)).toEqual(['a1'])
    expect(answer).toMatchObject({ rejectedPoints: 1, message: expect.stringMatching(/limit of agents/) })
  })

  test('without a recorded value: the series ends, nothing is refused', async () => {
    const { ingest, series } = make()
    const answer = await ingest.accept((sink) => {
      asAgent(sink)
      gauge(sink)
      sink.number({ ...point(nowMs), noRecordedValue: true }, Number.NaN)
    })
    expect(answer.rejectedPoints).toBe(0)
    expect(series.size).toBe(0)
  })
})

test('the farewell of an agent tells how it ended', async () => {
  const { ingest, agents } = make()
  const say = (id: string, reason: string, code: number) =>
    ingest.accept((sink) => {
      asAgent(sink, id)
      gauge(sink, 'perfmon.agent.exit')
      sink.number(point(nowMs, [['perfmon.exit.reason', reason]]), code)
    })
  await say('good', 'normal', 0)
  await say('bad', 'crash', 1)
  expect(agents.get('good')?.status).toBe('left')
  expect(agents.get('bad')?.status).toBe('offline')
})

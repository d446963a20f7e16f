import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  gauges,
  nanos,
  nowMs,
  partialSuccess,
  type Receiver,
  request,
  startReceiver,
  sum,
} from './start-receiver.ts'

// The semantics part of the OTLP conformance list: what points mean (opentelemetry-specification,
// metrics/data-model.md) and what senders must be told. Each test is named after its point.

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.stop())

const cumulative = 2
const delta = 1
const post = (...args: Parameters<typeof request>) => receiver.send({ body: request(...args) })
const histogram = (point: object, temporality = cumulative) => ({
  name: 'h',
  unit: 's',
  histogram: {
    aggregationTemporality: temporality,
    dataPoints: [{ startTimeUnixNano: nanos(-1_000), timeUnixNano: nanos(), ...point }],
  },
})
const exponential = (point: object) => ({
  name: 'e',
  exponentialHistogram: {
    aggregationTemporality: cumulative,
    dataPoints: [{ startTimeUnixNano: nanos(-1_000), timeUnixNano: nanos(), ...point }],
  },
})

test('34 one bad point of several is a partial success, and the others are stored', async () => {
  const answer = await receiver.send({ body: gauges('s34', 1, undefined, 3) })
  expect([answer.status, partialSuccess(answer)]).toEqual([
    200,
    { rejectedDataPoints: '1', errorMessage: expect.stringMatching(/\S/) },
  ])
  expect(await receiver.samples('s34', 'g')).toEqual([
    [0, 1],
    [2, 3],
  ])
})

test('35 a warning rejects nothing and has a message', async () => {
  await post('s35', sum(cumulative, [[0, 5, 1_000]]))
  const answer = await post('s35', sum(cumulative, [[1, 7, 900]]))
  expect(partialSuccess(answer)).toEqual({
    rejectedDataPoints: '0',
    errorMessage: expect.stringContaining('service.instance.id'),
  })
})

test('36 an overload is 429, or 503 for what the sender has no part in, to be tried again within 5 s', async () => {
  for (const [code, status] of [
    ['overloaded', 429],
    ['unavailable', 503],
  ] as const) {
    const busy = await startReceiver({ instead: () => Promise.reject({ code, retryAfterSeconds: 60 }) })
    const answer = await busy.send()
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, '5'])
    await busy.stop()
  }
})

test('37 a failure that may pass is 503 and never 500', async () => {
  const failing = await startReceiver({ instead: () => Promise.reject(new Error('no')) })
  expect((await failing.send()).status).toBe(503)
  await failing.stop()
})

test('38 and 39 after a restart the sender goes on, and what it sends again counts once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'perfmon-otlp-'))
  const before = await startReceiver({ dir })
  await before.send({ body: request('a', sum(delta, [[0, 3]])) })
  await before.stop()
  const after = await startReceiver({ dir })
  await after.send({ body: request('a', sum(delta, [[0, 3]])) })
  await after.send({ body: request('a', sum(delta, [[10, 4, 0]])) })
  expect(await after.samples('a', 's')).toEqual([
    [0, 3],
    [10, 7],
  ])
  expect(after.ingest.stats().duplicatePoints).toBe(1)
  await after.stop()
  await rm(dir, { recursive: true })
})

test('39 the same payload twice is counted once', async () => {
  for (let round = 0; round < 2; round++)
    await post(
      's39',
      sum(delta, [
        [0, 3],
        [1, 4],
      ]),
    )
  expect(await receiver.samples('s39', 's')).toEqual([
    [0, 3],
    [1, 7],
  ])
})

test('40 increases (delta) become a running total', async () => {
  await post('s40', sum(delta, [[0, 3]]))
  await post('s40', sum(delta, [[5, 4, 0]]))
  expect(await receiver.samples('s40', 's')).toEqual([
    [0, 3],
    [5, 7],
  ])
})

/** The rate of served requests tells what the aggregator holds for the growth of a counter. */
const served = (points: Parameters<typeof sum>[1], temporality = cumulative) => ({
  name: 'http.server.request.duration',
  unit: 's',
  histogram: {
    aggregationTemporality: temporality,
    dataPoints: points.map(([afterMs, count, startBeforeMs = 1_000]) => ({
      startTimeUnixNano: nanos(-startBeforeMs),
      timeUnixNano: nanos(afterMs),
      count: String(count),
      sum: count,
    })),
  },
})
const requestsPerSecond = async (agentId: string) =>
  ((await receiver.samples(agentId, 'perfmon.agent.request.rate')) as number[][] | null)?.map(
    ([, rate]) => rate,
  )

test('41 totals (cumulative) are differenced', async () => {
  await post('s41', served([[0, 10, 3_600_000]]))
  await post('s41', served([[2_000, 16, 3_600_000]]))
  expect(await requestsPerSecond('s41')).toEqual([3])
})

test('42 a stream may change between increases and totals, and nothing is counted twice', async () => {
  await post('s42', served([[0, 10, 1_000]], delta))
  await post('s42', served([[1_000, 10, 1_000]], cumulative))
  await post('s42', served([[2_000, 12, 1_000]], cumulative))
  await post('s42', served([[3_000, 5, -2_000]], delta))
  expect(await requestsPerSecond('s42')).toEqual([10, 0, 2, 5])
  expect(await receiver.samples('s42', 'http.server.request.duration', 'count')).toEqual([
    [0, 10],
    [1_000, 10],
    [2_000, 12],
    [3_000, 17],
  ])
})

test('43 an unspecified temporality is rejected', async () => {
  expect(partialSuccess(await post('s43', sum(0, [[0, 1]])))).toMatchObject({ rejectedDataPoints: '1' })
  expect(await receiver.samples('s43', 's')).toBeNull()
})

test('44 a later start is a restart: all of the value is new', async () => {
  await post('s44', served([[0, 10, 3_600_000]]))
  await post('s44', served([[2_000, 20, -1_000]]))
  expect(await requestsPerSecond('s44')).toEqual([10])
})

test('45 a smaller value of the same start is a restart too', async () => {
  await post('s45', served([[0, 10, 3_600_000]]))
  await post('s45', served([[2_000, 4, 3_600_000]]))
  expect(await requestsPerSecond('s45')).toEqual([2])
})

test('46 a first point that starts at its own time contributes nothing', async () => {
  await post('s46', served([[0, 10, 0]]))
  await post('s46', served([[2_000, 14, 0]]))
  expect(await requestsPerSecond('s46')).toEqual([2])
})

test('47 points out of order find their place, and a repeated time keeps the first value', async () => {
  await receiver.send({ body: gauges('s47', 1) })
  const at = (afterMs: number, asDouble: number) => ({ timeUnixNano: nanos(afterMs), asDouble })
  await post('s47', { name: 'g', gauge: { dataPoints: [at(10, 3), at(5, 2), at(0, 9)] } })
  expect(await receiver.samples('s47', 'g')).toEqual([
    [0, 1],
    [5, 2],
    [10, 3],
  ])
})

test('48 NO_RECORDED_VALUE ends a series: no value is stored, nothing is rejected, and it is counted', async () => {
  await receiver.send({ body: gauges('s48', 1) })
  const { endedPoints } = receiver.ingest.stats()
  const dataPoints = [{ timeUnixNano: nanos(5), flags: 1, asDouble: 99 }]
  const answer = await post('s48', { name: 'g', gauge: { dataPoints } })
  expect(String(answer.body)).toBe('{}')
  expect(await receiver.samples('s48', 'g')).toEqual([[0, 1]])
  expect(receiver.ingest.stats().endedPoints).toBe(endedPoints + 1)
})

test.each([
  ['too few buckets', { count: '2', explicitBounds: [1, 2], bucketCounts: ['1', '1'] }],
  ['buckets without bounds for them', { count: '2', explicitBounds: [], bucketCounts: ['1', '1'] }],
  ['bounds that fall', { count: '2', explicitBounds: [2, 1], bucketCounts: ['1', '1', '0'] }],
  ['bounds that stand', { count: '2', explicitBounds: [1, 1], bucketCounts: ['1', '1', '0'] }],
  ['a bound that is no number', { count: '2', explicitBounds: ['NaN'], bucketCounts: ['1', '1'] }],
])('49 a histogram with %s is rejected', async (name, point) => {
  expect(partialSuccess(await post(`s49 ${name}`, histogram(point)))).toMatchObject({
    rejectedDataPoints: '1',
  })
  expect(await receiver.samples(`s49 ${name}`, 'h', 'count')).toBeNull()
})

test('49 a histogram may lack its sum, minimum, maximum and buckets, and may change its bounds', async () => {
  await post('s49', histogram({ count: '2' }))
  expect(await receiver.samples('s49', 'h', 'sum')).toBeNull()
  const first = {
    count: '3',
    sum: 4.5,
    min: 1,
    max: 2,
    explicitBounds: [1, 2],
    bucketCounts: ['1', '1', '1'],
  }
  await post('s49', histogram({ ...first, timeUnixNano: nanos(1) }))
  const second = { count: '4', sum: 5, explicitBounds: [1, 5], bucketCounts: ['1', '2', '1'] }
  await post('s49', histogram({ ...second, timeUnixNano: nanos(2) }))
  expect(await receiver.samples('s49', 'h', 'count')).toEqual([
    [0, 2],
    [1, 3],
    [2, 4],
  ])
  expect(await receiver.samples('s49', 'h', 'bucket', { le: '1' })).toEqual([
    [1, 1],
    [2, 1],
  ])
  expect(await receiver.samples('s49', 'h', 'bucket', { le: '5' })).toEqual([[2, 3]])
})

test("49 an attribute of the sender's own called le does not get lost in the buckets", async () => {
  const attributes = [{ key: 'le', value: { stringValue: 'mine' } }]
  await post(
    's49 le',
    histogram({ attributes, count: '1', sum: 1, explicitBounds: [1], bucketCounts: ['1', '0'] }),
  )
  expect(await receiver.samples('s49 le', 'h', 'count', { le: 'mine' })).toEqual([[0, 1]])
  expect(await receiver.samples('s49 le', 'h', 'bucket', { le: '1', exported_le: 'mine' })).toEqual([[0, 1]])
})

test('50 exponential histograms may change their scale and have negative and zero buckets', async () => {
  const positive = { offset: -2, bucketCounts: ['1', '2'] }
  await post('s50', exponential({ count: '3', sum: 2, scale: 3, positive }))
  const wider = {
    scale: -1,
    positive: { offset: 0, bucketCounts: ['3'] },
    negative: { offset: 1, bucketCounts: ['1'] },
  }
  await post(
    's50',
    exponential({
      timeUnixNano: nanos(1),
      count: '5',
      sum: 1,
      zeroCount: '1',
      zeroThreshold: 0.01,
      ...wider,
    }),
  )
  expect(await receiver.samples('s50', 'e', 'count')).toEqual([
    [0, 3],
    [1, 5],
  ])
})

test.each([
  ['a scale above 20', { scale: 21 }],
  ['a scale below -10', { scale: -11 }],
  ['a bucket beyond all numbers', { scale: 0, positive: { offset: 5_000, bucketCounts: ['1'] } }],
])('50 an exponential histogram with %s is rejected', async (name, point) => {
  const answer = await post(`s50 ${name}`, exponential({ count: '1', sum: 1, ...point }))
  expect(partialSuccess(answer)).toMatchObject({ rejectedDataPoints: '1' })
})

test('51 two writers of one identity are counted, and their sum is nobody’s growth', async () => {
  await post('s51', served([[0, 100, 50_000]]))
  const { overlappingPoints } = receiver.ingest.stats()
  const answer = await post('s51', served([[1_000, 200, 40_000]]))
  expect(partialSuccess(answer)?.errorMessage).toContain('Two processes')
  expect(receiver.ingest.stats().overlappingPoints).toBeGreaterThan(overlappingPoints)
  expect((await requestsPerSecond('s51'))?.at(-1)).toBe(0)
})

test('52 what an SDK folded together is stored and counted', async () => {
  const { overflowPoints } = receiver.ingest.stats()
  const attributes = [{ key: 'otel.metric.overflow', value: { boolValue: true } }]
  await post('s52', {
    name: 'g',
    gauge: { dataPoints: [{ timeUnixNano: nanos(), asDouble: 1, attributes }] },
  })
  expect(await receiver.samples('s52', 'g', 'value', { 'otel.metric.overflow': true })).toEqual([[0, 1]])
  expect(receiver.ingest.stats().overflowPoints).toBe(overflowPoints + 1)
})

test('52 an agent has so many series and no more, and the others hear why', async () => {
  const dataPoints = Array.from({ length: 150 }, (_, i) => ({
    timeUnixNano: nanos(),
    asDouble: i,
    attributes: [{ key: 'user', value: { intValue: String(i) } }],
  }))
  const answer = await post('s52 many', { name: 'g', gauge: { dataPoints } })
  expect(partialSuccess(answer)).toEqual({
    rejectedDataPoints: '50',
    errorMessage: expect.stringContaining('limit of series'),
  })
  expect(receiver.series.ofAgent('s52 many')).toHaveLength(100)
  expect(receiver.ingest.stats().overLimitPoints).toBeGreaterThanOrEqual(50)
})

test.each([
  ['no time', '0'],
  ['a time more than a minute ahead', `${nowMs + 61_000}000000`],
])('52 a point with %s is rejected', async (name, timeUnixNano) => {
  const answer = await post(`s52 ${name}`, {
    name: 'g',
    gauge: { dataPoints: [{ timeUnixNano, asDouble: 1 }] },
  })
  expect(partialSuccess(answer)).toMatchObject({ rejectedDataPoints: '1' })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { double, fixed, int, nested, text } from '../../../../core/src/receive/fixtures/protobuf-writer.ts'
import {
  gauges,
  json,
  nanos,
  nowMs,
  partialSuccess,
  protobuf,
  type Receiver,
  request,
  startReceiver,
  statusOf,
  sum,
} from './start-receiver.ts'

// The bodies part of the OTLP conformance list: what a message may be and may leave out. Each test is named after
// its point.

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.stop())

test('21 an empty request is a full success', async () => {
  for (const body of ['{}', '{"resourceMetrics":[]}', '{"resourceMetrics":null}'])
    expect(String((await receiver.send({ body })).body)).toBe('{}')
  const answer = await receiver.send({ headers: protobuf, body: Buffer.alloc(0) })
  expect([answer.status, answer.body.length]).toEqual([200, 0])
})

test('22 empty resources, scopes, metrics and lists of points are a full success', async () => {
  for (const body of [
    { resourceMetrics: [{}] },
    { resourceMetrics: [{ resource: {}, scopeMetrics: [{}] }] },
    { resourceMetrics: [{ scopeMetrics: [{ scope: {}, metrics: [{}] }] }] },
    { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'g', gauge: {} }] }] }] },
    { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [] } }] }] }] },
  ]) {
    const answer = await receiver.send({ body })
    expect([answer.status, String(answer.body)]).toEqual([200, '{}'])
  }
})

test('23 protobuf that is cut off is 400 with a Status in protobuf', async () => {
  const body = Buffer.from(nested(1, nested(2, nested(2, text(1, 'g'))))).subarray(0, -1)
  const answer = await receiver.send({ headers: protobuf, body })
  expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/x-protobuf'])
  expect([...answer.body.subarray(0, 2)]).toEqual([0x08, 3])
})

test('24 JSON that is broken is 400 with a Status in JSON', async () => {
  const answer = await receiver.send({ body: '{"resourceMetrics":[' })
  expect([answer.status, statusOf(answer)]).toMatchObject([400, { code: 3, message: expect.any(String) }])
})

test.each([json, protobuf])('25 errors come in the content type of the request: %j', async (headers) => {
  const answer = await receiver.send({ headers, body: Buffer.from([0xff]) })
  expect([answer.status, answer.headers['content-type']]).toEqual([400, headers['content-type']])
})

test('26 unknown fields of JSON are ignored, unknown fields of protobuf are skipped', async () => {
  const body = { ...gauges('b26', 3), newIn2030: { a: [1, { b: null }] } }
  expect((await receiver.send({ body })).status).toBe(200)
  expect(await receiver.samples('b26', 'g')).toEqual([[0, 3]])
  const resource = nested(
    1,
    nested(1, text(1, 'service.instance.id'), nested(2, text(1, 'b26p'))),
    int(77, 5),
  )
  const point = nested(1, fixed(3, BigInt(nowMs) * 1_000_000n), double(4, 3), text(99, 'new'))
  const metric = nested(2, text(1, 'g'), nested(5, point), nested(60, int(1, 1)))
  const answer = await receiver.send({
    headers: protobuf,
    body: Buffer.from([...nested(1, resource, nested(2, metric)), ...fixed(1000, 1n)]),
  })
  expect(answer.status).toBe(200)
  expect(await receiver.samples('b26p', 'g')).toEqual([[0, 3]])
})

test('27 snake_case names are unknown fields', async () => {
  const answer = await receiver.send({ body: { resource_metrics: gauges('b27', 1).resourceMetrics } })
  expect([answer.status, String(answer.body)]).toEqual([200, '{}'])
  expect(await receiver.samples('b27', 'g')).toBeNull()
})

test('28 names of enums are refused, their numbers are honoured', async () => {
  const named = {
    name: 's',
    sum: { ...sum(1, [[0, 1]]).sum, aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA' },
  }
  const answer = await receiver.send({ body: request('b28', named) })
  expect([answer.status, statusOf(answer).message]).toEqual([
    400,
    expect.stringContaining('aggregationTemporality'),
  ])
  await receiver.send({
    body: request(
      'b28',
      sum(1, [
        [0, 2],
        [1, 3],
      ]),
    ),
  })
  expect(await receiver.samples('b28', 's')).toEqual([
    [0, 2],
    [1, 5],
  ])
})

test('29 64-bit integers come as strings and as numbers, beyond 2^53 as the nearest double', async () => {
  const point = (afterMs: number, asInt: string | number) => ({ timeUnixNano: nanos(afterMs), asInt })
  const dataPoints = [
    point(0, '12'),
    point(1, 13),
    point(2, '9007199254740993'),
    point(3, '-9223372036854775808'),
  ]
  await receiver.send({ body: request('b29', { name: 'g', gauge: { dataPoints } }) })
  expect(await receiver.samples('b29', 'g')).toEqual([
    [0, 12],
    [1, 13],
    [2, Number(9007199254740993n)],
    [3, -(2 ** 63)],
  ])
})

test('30 one stream may hold integers and doubles', async () => {
  const dataPoints = [
    { timeUnixNano: nanos(0), asInt: '1' },
    { timeUnixNano: nanos(1), asDouble: 1.5 },
  ]
  await receiver.send({ body: request('b30', { name: 'g', gauge: { dataPoints } }) })
  expect(await receiver.samples('b30', 'g')).toEqual([
    [0, 1],
    [1, 1.5],
  ])
})

test('31 "NaN" and "Infinity" are read, and refused as values without harm to the others', async () => {
  const answer = await receiver.send({ body: gauges('b31', 1, 'NaN', 'Infinity', '-Infinity', 2) })
  expect(partialSuccess(answer)).toMatchObject({ rejectedDataPoints: '3' })
  expect(await receiver.samples('b31', 'g')).toEqual([
    [0, 1],
    [4, 2],
  ])
})

test('32 trace and span ids of exemplars may be in upper and lower case', async () => {
  const exemplar = (traceId: string) => ({
    timeUnixNano: nanos(),
    asDouble: 1,
    traceId,
    spanId: traceId.slice(0, 16),
  })
  const exemplars = [
    exemplar('5b8efff798038103d269b633813fc60c'),
    exemplar('5B8EFFF798038103D269B633813FC60C'),
  ]
  const dataPoints = [{ timeUnixNano: nanos(), asDouble: 4, exemplars }]
  const answer = await receiver.send({ body: request('b32', { name: 'g', gauge: { dataPoints } }) })
  expect(String(answer.body)).toBe('{}')
  expect(await receiver.samples('b32', 'g')).toEqual([[0, 4]])
})

test('33 attribute values may be bytes, arrays, lists of keys, and empty', async () => {
  const attributes = [
    { key: 'bytes', value: { bytesValue: 'AQI=' } },
    { key: 'array', value: { arrayValue: { values: [{ intValue: '1' }, {}] } } },
    { key: 'list', value: { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } } },
    { key: 'empty', value: {} },
    { key: 'none' },
  ]
  const dataPoints = [{ timeUnixNano: nanos(), asDouble: 4, attributes }]
  await receiver.send({ body: request('b33', { name: 'g', gauge: { dataPoints } }) })
  const [series] = receiver.series.ofAgent('b33').filter(({ metric }) => metric === 'g')
  expect(series?.attributes).toEqual({
    array: '[1,null]',
    bytes: 'AQI=',
    empty: '',
    list: '{"a":true}',
    none: '',
  })
})

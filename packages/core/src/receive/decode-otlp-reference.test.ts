import { type HrTime, ValueType } from '@opentelemetry/api'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import { decodeOtlpMetricsJson } from './decode-otlp-json.ts'
import { decodeOtlpMetricsProtobuf } from './decode-otlp-protobuf.ts'
import { createRecordingSink, type Heard } from './fixtures/recording-sink.ts'
import { type AttributeList, temporality } from './metric-sink.ts'

/** xorshift32: the same sequence for the same seed, on every machine. */
function createRandom(seed: number) {
  let state = (seed * 2654435761) | 1
  const below = (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  return {
    below,
    pick: <Item>(items: readonly Item[]): Item => items[below(items.length)]!,
    list: <Item>(longest: number, make: () => Item): Item[] =>
      Array.from({ length: below(longest + 1) }, make),
  }
}
type Random = ReturnType<typeof createRandom>

const words = [
  '',
  'a',
  'GET',
  'server.address',
  'häfen',
  '日本語',
  '😀 ok',
  '\u0000',
  '"quoted"\n',
  'x'.repeat(300),
]
const numbers = [0, 1, -1, 0.1, -2.5, 1e300, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 40), 123456789.125]
/** Without what the SDK takes for a 64-bit integer and is none. */
const attributeNumbers = numbers.filter((number) => Math.abs(number) < 2 ** 62)
const counts = [0, 1, 7, 300, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5]

function makeAttributes(random: Random): Record<string, string | number | boolean | string[] | number[]> {
  return Object.fromEntries(
    random.list(6, () => [
      `${random.pick(words)}${random.below(4)}`,
      random.pick<() => string | number | boolean | string[] | number[]>([
        () => random.pick(words),
        () => random.pick(attributeNumbers),
        () => random.below(2) === 0,
        () => random.list(3, () => random.pick(words)),
        () => random.list(3, () => random.pick(attributeNumbers)),
      ])(),
    ]),
  )
}

const makeTime = (random: Random): HrTime => [
  1_795_000_000 + random.below(100_000_000),
  random.below(1_000_000_000),
]

function makeMetric(random: Random): MetricData {
  const point =
    <Value>(value: () => Value) =>
    () => ({
      attributes: makeAttributes(random),
      startTime: makeTime(random),
      endTime: makeTime(random),
      value: value(),
    })
  const buckets = () => ({
    offset: random.below(400) - 200,
    bucketCounts: random.list(20, () => random.pick(counts)),
  })
  const isInt = random.below(2) === 0
  const descriptor = {
    name: random.pick(words),
    description: random.pick(words),
    unit: random.pick(['', '1', 's', 'By']),
    valueType: isInt ? ValueType.INT : ValueType.DOUBLE,
  }
  const aggregationTemporality = random.pick([
    AggregationTemporality.DELTA,
    AggregationTemporality.CUMULATIVE,
  ])
  const number = point(() =>
    isInt ? Math.trunc(random.pick([0, 1, -1, 2 ** 40, -(2 ** 52)])) : random.pick(numbers),
  )
  const sumOrNone = () => (random.below(3) === 0 ? undefined : random.pick(numbers))
  switch (random.below(4)) {
    case 0:
      return {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.GAUGE,
        dataPoints: random.list(5, number),
      }
    case 1:
      return {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.SUM,
        isMonotonic: random.below(2) === 0,
        dataPoints: random.list(5, number),
      }
    case 2: {
      const dataPoints = random.list(
        5,
        point(() => {
          const boundaries = random.list(8, () => random.pick(numbers))
          const ascending = [...new Set(boundaries)].sort((a, b) => a - b)
          return {
            buckets: {
              boundaries: ascending,
              counts: Array.from({ length: ascending.length + 1 }, () => random.pick(counts)),
            },
            count: random.pick(counts),
            ...withSum(sumOrNone()),
          }
        }),
      )
      return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints }
    }
    default: {
      const dataPoints = random.list(
        5,
        point(() => ({
          count: random.pick(counts),
          ...withSum(sumOrNone()),
          scale: random.below(31) - 10,
          zeroCount: random.pick(counts),
          positive: buckets(),
          negative: buckets(),
        })),
      )
      return {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
        dataPoints,
      }
    }
  }
}

const withSum = (sum: number | undefined) => (sum === undefined ? {} : { sum })

function makeRequest(seed: number): ResourceMetrics {
  const random = createRandom(seed)
  return {
    resource: resourceFromAttributes(makeAttributes(random)),
    scopeMetrics: random.list(3, () => ({
      scope: { name: random.pick(words), version: '1' },
      metrics: random.list(4, () => makeMetric(random)),
    })),
  }
}

/** What a sink must hear of a request, told from the SDK's objects and not from any bytes. */
function expected({ resource, scopeMetrics }: ResourceMetrics): Heard[] {
  const heard: Heard[] = [{ resource: listOf(resource.attributes as Record<string, unknown>) }]
  for (const { scope, metrics } of scopeMetrics) {
    for (const metric of metrics) {
      const { name, unit } = metric.descriptor
      const isGauge = metric.dataPointType === DataPointType.GAUGE
      heard.push({
        metric: {
          name,
          unit,
          scope: scope.name,
          kind: (['histogram', 'exponential-histogram', 'gauge', 'sum'] as const)[metric.dataPointType]!,
          temporality: isGauge
            ? temporality.unspecified
            : metric.aggregationTemporality === AggregationTemporality.DELTA
              ? 1
              : 2,
          monotonic: metric.dataPointType === DataPointType.SUM && metric.isMonotonic,
        },
      })
      for (const point of metric.dataPoints) heard.push(expectedPoint(metric, point))
    }
  }
  return heard
}

function expectedPoint(metric: MetricData, point: MetricData['dataPoints'][number]): Heard {
  const header = {
    attributes: listOf(point.attributes as Record<string, unknown>),
    startMs: msOf(point.startTime),
    timeMs: msOf(point.endTime),
    noRecordedValue: false,
  }
  const { value } = point
  if (typeof value === 'number') return { number: header, value }
  const { count, sum } = value
  if ('scale' in value) {
    const bucketsOf = ({ offset, bucketCounts }: typeof value.positive) => ({ offset, counts: bucketCounts })
    const { scale, zeroCount } = value
    const positive = bucketsOf(value.positive)
    const negative = bucketsOf(value.negative)
    return {
      exponentialHistogram: { ...header, count, sum, scale, zeroCount, zeroThreshold: 0, positive, negative },
    }
  }
  const { boundaries, counts: bucketCounts } = value.buckets
  if (metric.dataPointType !== DataPointType.HISTOGRAM) throw new Error('not a histogram')
  return { histogram: { ...header, count, sum, bounds: boundaries, bucketCounts } }
}

const listOf = (attributes: Record<string, unknown>): AttributeList =>
  Object.entries(attributes).map(([key, value]) => [
    key,
    typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean),
  ])

const msOf = ([seconds, nanos]: HrTime): number => seconds * 1000 + nanos / 1e6

describe("OpenTelemetry's own serializers", () => {
  it('are heard alike in protobuf and in JSON, as the SDK meant it', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const request = makeRequest(seed)
      const wanted = expected(request)
      const fromProtobuf = createRecordingSink()
      decodeOtlpMetricsProtobuf(ProtobufMetricsSerializer.serializeRequest(request)!, fromProtobuf.sink)
      expect(fromProtobuf.heard, `protobuf, seed ${seed}`).toEqual(wanted)
      const fromJson = createRecordingSink()
      const json = new TextDecoder().decode(JsonMetricsSerializer.serializeRequest(request)!)
      decodeOtlpMetricsJson(json, fromJson.sink)
      expect(fromJson.heard, `JSON, seed ${seed}`).toEqual(wanted)
    }
  })
})

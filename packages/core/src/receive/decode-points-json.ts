import { readAttributes } from './decode-attributes-json.ts'
import {
  integerRange,
  type JsonObject,
  type JsonPlace,
  malformed,
  readArray,
  readInteger,
  readNanosAsMs,
  readNumber,
  readObject,
} from './decode-json-values.ts'
import { decodeLimits } from './decode-limits.ts'
import { histogramFault, refusal } from './decode-refusal.ts'
import type { MetricHeader, MetricSink, PointHeader } from './metric-sink.ts'

type ReadPoint = (place: JsonPlace, point: JsonObject, metric: MetricHeader, sink: MetricSink) => void

export const readNumberPoint: ReadPoint = (place, point, metric, sink) => {
  const header = readHeader(place, point)
  const value =
    readNumber(place, 'asDouble', point.asDouble) ??
    readInteger(place, 'asInt', point.asInt, integerRange.int64)
  if (header.noRecordedValue) sink.number(header, Number.NaN)
  else if (value === undefined) sink.refused(metric.name, 1, refusal.noValue)
  else sink.number(header, value)
}

export const readHistogramPoint: ReadPoint = (place, point, metric, sink) => {
  const header = readHeader(place, point)
  const bounds = readNumbers(place, 'explicitBounds', point.explicitBounds, readNumber)
  const bucketCounts = readNumbers(place, 'bucketCounts', point.bucketCounts, readCount)
  const sum = readNumber(place, 'sum', point.sum)
  const count = readCount(place, 'count', point.count) ?? 0
  const fault = histogramFault(bounds, bucketCounts)
  if (fault === undefined) sink.histogram({ ...header, count, sum, bounds, bucketCounts })
  else sink.refused(metric.name, 1, fault)
}

export const readExponentialHistogramPoint: ReadPoint = (place, point, _metric, sink) => {
  sink.exponentialHistogram({
    ...readHeader(place, point),
    count: readCount(place, 'count', point.count) ?? 0,
    sum: readNumber(place, 'sum', point.sum),
    scale: readInteger(place, 'scale', point.scale, integerRange.int32) ?? 0,
    zeroCount: readCount(place, 'zeroCount', point.zeroCount) ?? 0,
    zeroThreshold: readNumber(place, 'zeroThreshold', point.zeroThreshold) ?? 0,
    positive: readBuckets(place, 'positive', point.positive),
    negative: readBuckets(place, 'negative', point.negative),
  })
}

function readBuckets(place: JsonPlace, field: string, value: unknown) {
  const buckets = readObject(place, field, value)
  place.push(field)
  const offset = readInteger(place, 'offset', buckets?.offset, integerRange.int32) ?? 0
  const counts = readNumbers(place, 'bucketCounts', buckets?.bucketCounts, readCount)
  place.length -= 1
  return { offset, counts }
}

export const readSummaryPoint: ReadPoint = (place, point, _metric, sink) => {
  const values = readArray(place, 'quantileValues', point.quantileValues)
  refuseLongerThanLimit(place, 'quantileValues', values)
  place.push('quantileValues')
  const quantiles = values.map((value, index) => {
    const pair = readObject(place, index, value)
    place.push(index)
    const quantile = readNumber(place, 'quantile', pair?.quantile) ?? 0
    const pairValue = readNumber(place, 'value', pair?.value) ?? 0
    place.length -= 1
    return { quantile, value: pairValue }
  })
  place.length -= 1
  const count = readCount(place, 'count', point.count) ?? 0
  const sum = readNumber(place, 'sum', point.sum) ?? 0
  sink.summary({ ...readHeader(place, point), count, sum, quantiles })
}

function readHeader(place: JsonPlace, point: JsonObject): PointHeader {
  const flags = readInteger(place, 'flags', point.flags, integerRange.uint32) ?? 0
  return {
    attributes: readAttributes(place, point.attributes),
    startMs: readNanosAsMs(place, 'startTimeUnixNano', point.startTimeUnixNano),
    timeMs: readNanosAsMs(place, 'timeUnixNano', point.timeUnixNano),
    noRecordedValue: flags % 2 === 1,
  }
}

const readCount = (place: JsonPlace, field: string | number, value: unknown): number | undefined =>
  readInteger(place, field, value, integerRange.uint64)

/** A list has no default for one of its members: null in it is a mistake. */
function readNumbers(
  place: JsonPlace,
  field: string,
  value: unknown,
  readOne: (place: JsonPlace, field: string | number, value: unknown) => number | undefined,
): number[] {
  const members = readArray(place, field, value)
  refuseLongerThanLimit(place, field, members)
  place.push(field)
  const numbers = members.map((member, index) => {
    const number = readOne(place, index, member)
    if (number === undefined) throw malformed(place, index, 'a number')
    return number
  })
  place.length -= 1
  return numbers
}

function refuseLongerThanLimit(place: JsonPlace, field: string, list: readonly unknown[]): void {
  if (list.length > decodeLimits.buckets)
    throw malformed(place, field, `at most ${decodeLimits.buckets} long`)
}

import { noAttributes, readAttributeRun } from './decode-attributes-protobuf.ts'
import { push, readPackedDoubles, readPackedFixed64 } from './decode-packed-protobuf.ts'
import {
  fieldSet,
  type ProtobufCursor,
  readDouble,
  readEnd,
  readFixed64,
  readNanosAsMs,
  readSfixed64,
  readTag,
  readUint32,
  skipField,
} from './decode-protobuf-wire.ts'
import { histogramFault, refusal } from './decode-refusal.ts'
import type { AttributeList, MetricHeader, MetricSink } from './metric-sink.ts'

// The cases are tags as they stand on the wire: field number × 8 + wire type, field numbers as in
// opentelemetry/proto/metrics/v1/metrics.proto. Exemplars are stepped over: nothing here reads them.

const numberPointFields = fieldSet(2, 3, 4, 5, 6, 7, 8)

/** One for all number points: a body has a hundred thousand of them, and each is heard and forgotten. */
const numberPoint = { attributes: noAttributes, startMs: 0, timeMs: 0, noRecordedValue: false }

export function readNumberPoint(
  cursor: ProtobufCursor,
  end: number,
  metric: MetricHeader,
  sink: MetricSink,
): void {
  const point = numberPoint
  point.attributes = noAttributes
  point.startMs = 0
  point.timeMs = 0
  let flags = 0
  let value = 0
  let hasValue = false
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case 0x11:
        point.startMs = readNanosAsMs(cursor, end)
        break
      case 0x19:
        point.timeMs = readNanosAsMs(cursor, end)
        break
      case 0x21:
        value = readDouble(cursor, end)
        hasValue = true
        break
      case 0x31:
        value = readSfixed64(cursor, end)
        hasValue = true
        break
      case 0x3a:
        point.attributes = readAttributeRun(cursor, end, tag, point.attributes)
        break
      case 0x40:
        flags = readUint32(cursor, end)
        break
      case 0x2a:
        cursor.offset = readEnd(cursor, end)
        break
      default:
        skipField(cursor, end, tag, numberPointFields)
    }
  }
  point.noRecordedValue = (flags & 1) === 1
  if (point.noRecordedValue) value = Number.NaN
  else if (!hasValue) {
    sink.refused(metric.name, 1, refusal.noValue)
    return
  }
  sink.number(point, value)
}

const histogramPointFields = fieldSet(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)

export function readHistogramPoint(
  cursor: ProtobufCursor,
  end: number,
  metric: MetricHeader,
  sink: MetricSink,
): void {
  let attributes: AttributeList = noAttributes
  let startMs = 0
  let timeMs = 0
  let flags = 0
  let count = 0
  let sum: number | undefined
  const bounds: number[] = []
  const bucketCounts: number[] = []
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case 0x11:
        startMs = readNanosAsMs(cursor, end)
        break
      case 0x19:
        timeMs = readNanosAsMs(cursor, end)
        break
      case 0x21:
        count = readFixed64(cursor, end)
        break
      case 0x29:
        sum = readDouble(cursor, end)
        break
      case 0x32:
        readPackedFixed64(cursor, readEnd(cursor, end), bucketCounts)
        break
      case 0x31:
        push(bucketCounts, readFixed64(cursor, end), cursor)
        break
      case 0x3a:
        readPackedDoubles(cursor, readEnd(cursor, end), bounds)
        break
      case 0x39:
        push(bounds, readDouble(cursor, end), cursor)
        break
      case 0x4a:
        attributes = readAttributeRun(cursor, end, tag, attributes)
        break
      case 0x50:
        flags = readUint32(cursor, end)
        break
      case 0x42:
        cursor.offset = readEnd(cursor, end)
        break
      case 0x59:
      case 0x61:
        readDouble(cursor, end)
        break
      default:
        skipField(cursor, end, tag, histogramPointFields)
    }
  }
  const fault = histogramFault(bounds, bucketCounts)
  if (fault !== undefined) {
    sink.refused(metric.name, 1, fault)
    return
  }
  const noRecordedValue = (flags & 1) === 1
  sink.histogram({ attributes, startMs, timeMs, noRecordedValue, count, sum, bounds, bucketCounts })
}

const summaryPointFields = fieldSet(2, 3, 4, 5, 6, 7, 8)

export function readSummaryPoint(
  cursor: ProtobufCursor,
  end: number,
  _metric: MetricHeader,
  sink: MetricSink,
): void {
  let attributes: AttributeList = noAttributes
  let startMs = 0
  let timeMs = 0
  let flags = 0
  let count = 0
  let sum = 0
  const quantiles: { quantile: number; value: number }[] = []
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case 0x11:
        startMs = readNanosAsMs(cursor, end)
        break
      case 0x19:
        timeMs = readNanosAsMs(cursor, end)
        break
      case 0x21:
        count = readFixed64(cursor, end)
        break
      case 0x29:
        sum = readDouble(cursor, end)
        break
      case 0x32:
        push(quantiles, readQuantile(cursor, readEnd(cursor, end)), cursor)
        break
      case 0x3a:
        attributes = readAttributeRun(cursor, end, tag, attributes)
        break
      case 0x40:
        flags = readUint32(cursor, end)
        break
      default:
        skipField(cursor, end, tag, summaryPointFields)
    }
  }
  const noRecordedValue = (flags & 1) === 1
  sink.summary({ attributes, startMs, timeMs, noRecordedValue, count, sum, quantiles })
}

const quantileFields = fieldSet(1, 2)

function readQuantile(cursor: ProtobufCursor, end: number): { quantile: number; value: number } {
  let quantile = 0
  let value = 0
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x09) quantile = readDouble(cursor, end)
    else if (tag === 0x11) value = readDouble(cursor, end)
    else skipField(cursor, end, tag, quantileFields)
  }
  return { quantile, value }
}

import { noAttributes, readAttributeRun } from './decode-attributes-protobuf.ts'
import { push, readPackedVarints } from './decode-packed-protobuf.ts'
import {
  fieldSet,
  type ProtobufCursor,
  readDouble,
  readEnd,
  readFixed64,
  readNanosAsMs,
  readSint32,
  readTag,
  readUint32,
  readUint64,
  skipField,
} from './decode-protobuf-wire.ts'
import type { AttributeList, MetricHeader, MetricSink } from './metric-sink.ts'

const exponentialPointFields = fieldSet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)

interface Buckets {
  offset: number
  counts: number[]
}

export function readExponentialHistogramPoint(
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
  let sum: number | undefined
  let scale = 0
  let zeroCount = 0
  let zeroThreshold = 0
  const positive: Buckets = { offset: 0, counts: [] }
  const negative: Buckets = { offset: 0, counts: [] }
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case 0x0a:
        attributes = readAttributeRun(cursor, end, tag, attributes)
        break
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
      case 0x30:
        scale = readSint32(cursor, end)
        break
      case 0x39:
        zeroCount = readFixed64(cursor, end)
        break
      case 0x42:
        readBuckets(cursor, readEnd(cursor, end), positive)
        break
      case 0x4a:
        readBuckets(cursor, readEnd(cursor, end), negative)
        break
      case 0x50:
        flags = readUint32(cursor, end)
        break
      case 0x5a:
        cursor.offset = readEnd(cursor, end)
        break
      case 0x61:
      case 0x69:
        readDouble(cursor, end)
        break
      case 0x71:
        zeroThreshold = readDouble(cursor, end)
        break
      default:
        skipField(cursor, end, tag, exponentialPointFields)
    }
  }
  const header = { attributes, startMs, timeMs, noRecordedValue: (flags & 1) === 1 }
  sink.exponentialHistogram({ ...header, count, sum, scale, zeroCount, zeroThreshold, positive, negative })
}

const bucketsFields = fieldSet(1, 2)

function readBuckets(cursor: ProtobufCursor, end: number, buckets: Buckets): void {
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x08) buckets.offset = readSint32(cursor, end)
    else if (tag === 0x12) readPackedVarints(cursor, readEnd(cursor, end), buckets.counts)
    else if (tag === 0x10) push(buckets.counts, readUint64(cursor, end), cursor)
    else skipField(cursor, end, tag, bucketsFields)
  }
}

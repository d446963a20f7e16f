import { noAttributes, readAttributeRun, readRepeatedText } from './decode-attributes-protobuf.ts'
import { readExponentialHistogramPoint } from './decode-exponential-protobuf.ts'
import { readHistogramPoint, readNumberPoint, readSummaryPoint } from './decode-points-protobuf.ts'
import {
  fieldSet,
  openProtobuf,
  type ProtobufCursor,
  readBool,
  readEnd,
  readTag,
  readUint32,
  skipField,
  wireType,
} from './decode-protobuf-wire.ts'
import { refusal } from './decode-refusal.ts'
import { type AttributeList, type MetricHeader, type MetricSink, temporality } from './metric-sink.ts'

/**
 * Reads an ExportMetricsServiceRequest (opentelemetry-proto 1.11) and tells `sink` what is in it, without
 * building the message. Fields may come in any order, so each level is walked twice: once for what its
 * children need to know, stepping over the children by their length, and once for the children.
 *
 * Unknown fields are skipped. Throws MalformedBody, with the byte where it was noticed, for what is not
 * protobuf or passes a limit; the sink has then heard a part of the body and must forget it.
 */
export function decodeOtlpMetricsProtobuf(bytes: Uint8Array, sink: MetricSink): void {
  for (const _ of walkOtlpMetricsProtobuf(bytes, sink));
}

/** The same in steps of one resource each, so that a large body need not be decoded in one go. */
export function* walkOtlpMetricsProtobuf(bytes: Uint8Array, sink: MetricSink): Generator<void, void> {
  const cursor = openProtobuf(bytes)
  const end = bytes.length
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) {
      readResourceMetrics(cursor, readEnd(cursor, end), sink)
      yield
    } else skipField(cursor, end, tag, requestFields)
  }
}

const requestFields = fieldSet(1)
const resourceMetricsFields = fieldSet(1, 2, 3)

function readResourceMetrics(cursor: ProtobufCursor, end: number, sink: MetricSink): void {
  const start = cursor.offset
  let attributes: AttributeList = noAttributes
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) attributes = readResource(cursor, readEnd(cursor, end), attributes)
    else if (tag === 0x12 || tag === 0x1a) cursor.offset = readEnd(cursor, end)
    else skipField(cursor, end, tag, resourceMetricsFields)
  }
  sink.resource(attributes)
  cursor.offset = start
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x12) readScopeMetrics(cursor, readEnd(cursor, end), sink)
    else skipField(cursor, end, tag, 0)
  }
}

const resourceFields = fieldSet(1, 2)

function readResource(cursor: ProtobufCursor, end: number, before: AttributeList): AttributeList {
  let attributes = before
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) attributes = readAttributeRun(cursor, end, tag, attributes)
    else if (tag === 0x10) readUint32(cursor, end)
    else skipField(cursor, end, tag, resourceFields)
  }
  return attributes
}

const scopeMetricsFields = fieldSet(1, 2, 3)

function readScopeMetrics(cursor: ProtobufCursor, end: number, sink: MetricSink): void {
  const start = cursor.offset
  let scope = ''
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) scope = readScopeName(cursor, readEnd(cursor, end), scope)
    else if (tag === 0x12 || tag === 0x1a) cursor.offset = readEnd(cursor, end)
    else skipField(cursor, end, tag, scopeMetricsFields)
  }
  cursor.offset = start
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x12) readMetric(cursor, readEnd(cursor, end), scope, sink)
    else skipField(cursor, end, tag, 0)
  }
}

/** Version and attributes of a scope tell nothing about the numbers. */
const scopeFields = fieldSet(1)

function readScopeName(cursor: ProtobufCursor, end: number, before: string): string {
  let name = before
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) name = readRepeatedText(cursor, end)
    else skipField(cursor, end, tag, scopeFields)
  }
  return name
}

const kindByField: Readonly<Record<number, MetricHeader['kind']>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential-histogram',
  11: 'summary',
}
const metricFields = fieldSet(1, 2, 3, 5, 7, 9, 10, 11, 12)
const description = 2
const metadata = 12

function readMetric(cursor: ProtobufCursor, end: number, scope: string, sink: MetricSink): void {
  let name = ''
  let unit = ''
  let dataField = 0
  let dataStart = 0
  let unknownData = false
  const aggregation: Aggregation = { temporality: temporality.unspecified, monotonic: false }
  while (cursor.offset < end) {
    const tagStart = cursor.offset
    const tag = readTag(cursor, end)
    const field = tag >>> 3
    if (tag === 0x0a) name = readRepeatedText(cursor, end)
    else if (tag === 0x1a) unit = readRepeatedText(cursor, end)
    else if ((tag & 7) !== wireType.bytes) skipField(cursor, end, tag, metricFields)
    else if (kindByField[field] === undefined) {
      unknownData ||= field !== description && field !== metadata
      cursor.offset = readEnd(cursor, end)
    } else {
      // A oneof: another kind forgets the one before, the same kind again continues it.
      if (field !== dataField) {
        dataField = field
        dataStart = tagStart
        aggregation.temporality = temporality.unspecified
        aggregation.monotonic = false
      }
      scanAggregation(cursor, readEnd(cursor, end), aggregation)
    }
  }
  const kind = kindByField[dataField]
  if (kind !== undefined) {
    const header: MetricHeader = { name, unit, scope, kind, ...aggregation }
    sink.metric(header)
    cursor.offset = dataStart
    readData(cursor, end, dataField, header, sink)
  } else if (unknownData) sink.refused(name, 1, refusal.unknownKind)
}

interface Aggregation {
  temporality: MetricHeader['temporality']
  monotonic: boolean
}

const dataFields = fieldSet(1, 2, 3)

/** Senders write temporality and monotonicity behind the points that they explain. */
function scanAggregation(cursor: ProtobufCursor, end: number, aggregation: Aggregation): void {
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) cursor.offset = readEnd(cursor, end)
    else if (tag === 0x10) {
      const wanted = readUint32(cursor, end)
      aggregation.temporality = wanted === 1 || wanted === 2 ? wanted : temporality.unspecified
    } else if (tag === 0x18) aggregation.monotonic = readBool(cursor, end)
    else skipField(cursor, end, tag, dataFields)
  }
}

function readData(
  cursor: ProtobufCursor,
  end: number,
  dataField: number,
  header: MetricHeader,
  sink: MetricSink,
): void {
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === dataField * 8 + wireType.bytes) readPoints(cursor, readEnd(cursor, end), header, sink)
    else skipField(cursor, end, tag, 0)
  }
}

function readPoints(cursor: ProtobufCursor, end: number, header: MetricHeader, sink: MetricSink): void {
  const readPoint = readPointOf[header.kind]
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) readPoint(cursor, readEnd(cursor, end), header, sink)
    else skipField(cursor, end, tag, 0)
  }
}

const readPointOf = {
  gauge: readNumberPoint,
  sum: readNumberPoint,
  histogram: readHistogramPoint,
  'exponential-histogram': readExponentialHistogramPoint,
  summary: readSummaryPoint,
} as const

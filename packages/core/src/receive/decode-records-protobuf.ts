import type { AttributeValue } from '@perfmon/protocol'
import { longestEventName, type RecordSink } from './agent-record.ts'
import { readAnyValue, readKeyValue, readRepeatedText } from './decode-attributes-protobuf.ts'
import { decodeLimits } from './decode-limits.ts'
import {
  fieldSet,
  openProtobuf,
  type ProtobufCursor,
  readEnd,
  readNanosAsMs,
  readTag,
  readUint32,
  skipField,
} from './decode-protobuf-wire.ts'
import { type AttributeList, MalformedBody } from './metric-sink.ts'

type ReadRecord = (cursor: ProtobufCursor, end: number, sink: RecordSink) => void
type Attributes = [key: string, value: AttributeValue][]

/** Reads an ExportLogsServiceRequest. Throws MalformedBody as the decoder of metrics does. */
export const decodeOtlpLogsProtobuf = (bytes: Uint8Array, sink: RecordSink): void =>
  decode(bytes, sink, readLogRecord)

/** Reads an ExportTraceServiceRequest. */
export const decodeOtlpTracesProtobuf = (bytes: Uint8Array, sink: RecordSink): void =>
  decode(bytes, sink, readSpan)

const firstField = fieldSet(1)
const envelopeFields = fieldSet(1, 2)

/** Requests, resources and scopes have one shape in both signals: 1 is what it is of, 2 is what is in it. */
function decode(bytes: Uint8Array, sink: RecordSink, readRecord: ReadRecord): void {
  const cursor = openProtobuf(bytes)
  walk(cursor, bytes.length, 0x0a, firstField, (resourceEnd) => {
    const start = cursor.offset
    const attributes: Attributes = []
    walk(cursor, resourceEnd, 0x0a, envelopeFields, (end) =>
      walk(cursor, end, 0x0a, firstField, (attributeEnd) => addAttribute(attributes, cursor, attributeEnd)),
    )
    sink.resource(attributes)
    cursor.offset = start
    walk(cursor, resourceEnd, 0x12, envelopeFields, (scopeEnd) =>
      walk(cursor, scopeEnd, 0x12, envelopeFields, (end) => readRecord(cursor, end, sink)),
    )
  })
}

/** Visits the messages of one field, and steps over all others. */
function walk(
  cursor: ProtobufCursor,
  end: number,
  wanted: number,
  known: number,
  visit: (end: number) => void,
): void {
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === wanted) {
      const messageEnd = readEnd(cursor, end)
      visit(messageEnd)
      cursor.offset = messageEnd
    } else if ((tag & 7) === 2) cursor.offset = readEnd(cursor, end)
    else skipField(cursor, end, tag, known)
  }
}

/** Records' attributes hardly ever repeat: remembering them as those of points are would only cost. */
function addAttribute(attributes: Attributes, cursor: ProtobufCursor, end: number): void {
  if (attributes.length === decodeLimits.attributes) {
    throw new MalformedBody(`A list has more than ${decodeLimits.attributes} attributes.`, cursor.offset)
  }
  attributes.push(readKeyValue(cursor, end) as [string, AttributeValue])
}

const logFields = fieldSet(1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12)

function readLogRecord(cursor: ProtobufCursor, end: number, sink: RecordSink): void {
  const attributes: Attributes = []
  let name = ''
  let body = ''
  let timeMs = 0
  let observedMs = 0
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x09) timeMs = readNanosAsMs(cursor, end)
    else if (tag === 0x59) observedMs = readNanosAsMs(cursor, end)
    else if (tag === 0x32) addAttribute(attributes, cursor, readEnd(cursor, end))
    else if (tag === 0x62) name = readRepeatedText(cursor, end)
    else if (tag === 0x2a) body = readShortText(cursor, readEnd(cursor, end))
    else if (tag === 0x1a || tag === 0x4a || tag === 0x52) cursor.offset = readEnd(cursor, end)
    else if (tag === 0x10 || tag === 0x38) readUint32(cursor, end)
    else if (tag === 0x45) skipField(cursor, end, tag, 0)
    else skipField(cursor, end, tag, logFields)
  }
  sink.record(recordOf(name, body, attributes, timeMs || observedMs, Number.NaN, false))
}

function readShortText(cursor: ProtobufCursor, end: number): string {
  if (end - cursor.offset > longestEventName + 4) {
    cursor.offset = end
    return ''
  }
  const value = readAnyValue(cursor, end)
  return typeof value === 'string' ? value : ''
}

const spanFields = fieldSet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
const statusFields = fieldSet(2, 3)

function readSpan(cursor: ProtobufCursor, end: number, sink: RecordSink): void {
  const attributes: Attributes = []
  let name = ''
  let startMs = 0
  let endMs = 0
  let isError = false
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x2a) name = readRepeatedText(cursor, end)
    else if (tag === 0x39) startMs = readNanosAsMs(cursor, end)
    else if (tag === 0x41) endMs = readNanosAsMs(cursor, end)
    else if (tag === 0x4a) addAttribute(attributes, cursor, readEnd(cursor, end))
    else if (tag === 0x7a) isError = readStatus(cursor, readEnd(cursor, end))
    else if ([0x0a, 0x12, 0x1a, 0x22, 0x5a, 0x6a].includes(tag)) cursor.offset = readEnd(cursor, end)
    else if ([0x30, 0x50, 0x60, 0x70].includes(tag)) readUint32(cursor, end)
    else if (tag === 0x85) skipField(cursor, end, tag, 0)
    else skipField(cursor, end, tag, spanFields)
  }
  sink.record(recordOf(name, '', attributes, endMs, endMs - startMs, isError))
}

function readStatus(cursor: ProtobufCursor, end: number): boolean {
  let code = 0
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x18) code = readUint32(cursor, end)
    else if (tag === 0x12) cursor.offset = readEnd(cursor, end)
    else skipField(cursor, end, tag, statusFields)
  }
  return code === 2
}

const recordOf = (
  name: string,
  body: string,
  attributes: AttributeList,
  timeMs: number,
  durationMs: number,
  isError: boolean,
) => ({ name, body, attributes, timeMs, durationMs, isError })

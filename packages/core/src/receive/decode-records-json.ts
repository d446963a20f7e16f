import type { AgentRecord, RecordSink } from './agent-record.ts'
import { longestEventName } from './agent-record.ts'
import { readAttributes } from './decode-attributes-json.ts'
import { refuseInflatingJson } from './decode-json-guard.ts'
import {
  type JsonObject,
  type JsonPlace,
  malformed,
  readArray,
  readNanosAsMs,
  readObject,
  readText,
} from './decode-json-values.ts'
import { parseJson } from './decode-otlp-json.ts'
import { MalformedBody } from './metric-sink.ts'

type ReadRecord = (place: JsonPlace, record: JsonObject) => AgentRecord

/** Reads an ExportLogsServiceRequest in OTLP's JSON. Throws MalformedBody as the decoder of metrics does. */
export const decodeOtlpLogsJson = (text: string, sink: RecordSink): void =>
  decode(text, ['resourceLogs', 'scopeLogs', 'logRecords'], sink, (place, record) => {
    const body = readObject(place, 'body', record.body)?.stringValue
    return {
      name: readText(place, 'eventName', record.eventName),
      body: typeof body === 'string' && body.length <= longestEventName ? body : '',
      attributes: readAttributes(place, record.attributes),
      timeMs:
        readNanosAsMs(place, 'timeUnixNano', record.timeUnixNano) ||
        readNanosAsMs(place, 'observedTimeUnixNano', record.observedTimeUnixNano),
      durationMs: Number.NaN,
      isError: false,
    }
  })

/** Reads an ExportTraceServiceRequest in OTLP's JSON. */
export const decodeOtlpTracesJson = (text: string, sink: RecordSink): void =>
  decode(text, ['resourceSpans', 'scopeSpans', 'spans'], sink, (place, span) => {
    const timeMs = readNanosAsMs(place, 'endTimeUnixNano', span.endTimeUnixNano)
    return {
      name: readText(place, 'name', span.name),
      body: '',
      attributes: readAttributes(place, span.attributes),
      timeMs,
      durationMs: timeMs - readNanosAsMs(place, 'startTimeUnixNano', span.startTimeUnixNano),
      isError: readObject(place, 'status', span.status)?.code === 2,
    }
  })

function decode(
  text: string,
  [resources, scopes, records]: readonly [string, string, string],
  sink: RecordSink,
  readRecord: ReadRecord,
): void {
  refuseInflatingJson(text)
  const body = parseJson(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new MalformedBody('The body must be a JSON object.', 0)
  }
  const place: JsonPlace = []
  each(place, resources, body as JsonObject, (ofResource) => {
    sink.resource(readAttributes(place, readObject(place, 'resource', ofResource.resource)?.attributes))
    each(place, scopes, ofResource, (ofScope) =>
      each(place, records, ofScope, (record) => sink.record(readRecord(place, record))),
    )
  })
}

function each(place: JsonPlace, field: string, from: JsonObject, visit: (object: JsonObject) => void): void {
  const list = readArray(place, field, from[field])
  place.push(field)
  for (let index = 0; index < list.length; index++) {
    const object = readObject(place, index, list[index])
    if (object === undefined) throw malformed(place, index, 'an object')
    place.push(index)
    visit(object)
    place.length -= 1
  }
  place.length -= 1
}

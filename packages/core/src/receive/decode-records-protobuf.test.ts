import { expect, test } from 'vitest'
import type { AgentRecord } from './agent-record.ts'
import { decodeOtlpLogsJson, decodeOtlpTracesJson } from './decode-records-json.ts'
import { decodeOtlpLogsProtobuf, decodeOtlpTracesProtobuf } from './decode-records-protobuf.ts'
import { fixed, int, nested, tag, text } from './fixtures/protobuf-writer.ts'
import type { AttributeList } from './metric-sink.ts'

function record() {
  const heard: (AgentRecord | { resource: AttributeList })[] = []
  const sink = {
    resource: (resource: AttributeList) => heard.push({ resource }),
    record: (one: AgentRecord) => heard.push(one),
  }
  return { heard, sink }
}

const keyValue = (field: number, key: string, value: string) =>
  nested(field, text(1, key), nested(2, text(1, value)))
const request = (...records: number[][]) =>
  Uint8Array.from(
    nested(
      1,
      nested(1, keyValue(1, 'service.name', 'crew')),
      nested(2, nested(1, text(1, 'scope')), ...records.map((one) => nested(2, one)), text(3, 'schema')),
      text(3, 'schema'),
    ),
  )
const fixed32 = (field: number) => [...tag(field, 5), 1, 0, 0, 0]

test('log records are heard alike in protobuf and in JSON, without longer texts', () => {
  const logRecord = [
    ...fixed(1, 1_000_000_000n),
    ...int(2, 9),
    ...text(3, 'INFO'),
    ...nested(5, text(1, 'x'.repeat(4_000))),
    ...keyValue(6, 'event.name', 'api_request'),
    ...int(7, 0),
    ...fixed32(8),
    ...text(9, 'trace-id'),
    ...fixed(11, 5n),
    ...text(12, 'named'),
  ]
  const short = [...nested(5, text(1, 'a.b')), ...fixed(11, 2_000_000_000n)]
  const fromProtobuf = record()
  decodeOtlpLogsProtobuf(request(logRecord, short), fromProtobuf.sink)
  const event = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const fromJson = record()
  const body = {
    resourceLogs: [
      {
        resource: { attributes: [event('service.name', 'crew')] },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: '1000000000',
                eventName: 'named',
                body: { stringValue: 'x'.repeat(4_000) },
                attributes: [event('event.name', 'api_request')],
              },
              { observedTimeUnixNano: '2000000000', body: { stringValue: 'a.b' } },
            ],
          },
        ],
      },
    ],
  }
  decodeOtlpLogsJson(JSON.stringify(body), fromJson.sink)
  expect(fromProtobuf.heard).toEqual(fromJson.heard)
  expect(fromJson.heard.slice(1)).toMatchObject([
    { name: 'named', body: '', timeMs: 1_000 },
    { name: '', body: 'a.b', timeMs: 2_000 },
  ])
})

test('spans are heard alike in protobuf and in JSON', () => {
  const span = [
    ...text(1, 'trace-id'),
    ...text(5, 'chat'),
    ...int(6, 3),
    ...fixed(7, 1_000_000_000n),
    ...fixed(8, 3_000_000_000n),
    ...keyValue(9, 'gen_ai.operation.name', 'chat'),
    ...int(10, 0),
    ...nested(11, text(2, 'an event')),
    ...nested(13, text(3, 'a link')),
    ...nested(15, text(2, 'why'), int(3, 2)),
    ...fixed32(16),
  ]
  const fromProtobuf = record()
  decodeOtlpTracesProtobuf(request(span), fromProtobuf.sink)
  const fromJson = record()
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', 'crew')] },
        scopeSpans: [
          {
            spans: [
              {
                name: 'chat',
                startTimeUnixNano: '1000000000',
                endTimeUnixNano: '3000000000',
                attributes: [attribute('gen_ai.operation.name', 'chat')],
                status: { code: 2, message: 'why' },
              },
            ],
          },
        ],
      },
    ],
  }
  decodeOtlpTracesJson(JSON.stringify(body), fromJson.sink)
  expect(fromProtobuf.heard).toEqual(fromJson.heard)
  expect(fromJson.heard[1]).toMatchObject({ name: 'chat', durationMs: 2_000, isError: true })
})

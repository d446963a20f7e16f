import { expect, it } from 'vitest'
import { sampleSnapshot, sampleUpdate } from '../../fake-aggregator/sample-records.ts'
import { readLiveMessage } from './read-live-message.ts'

it.each([
  { type: 'hello', protocol: 1, version: '0.1.0', nowMs: 1, updateIntervalMs: 1000, rules: 5 },
  sampleSnapshot(),
  sampleUpdate(),
])('reads $type', (message) => {
  expect(readLiveMessage(JSON.stringify(message))).toEqual(message)
})

it.each([
  ['no JSON', '{"type":"hello"'],
  ['no object', '7'],
  ['null', 'null'],
  ['another type', '{"type":"goodbye","nowMs":1}'],
  ['no time', '{"type":"hello","protocol":1}'],
  ['half a snapshot', '{"type":"snapshot","nowMs":1,"agents":[]}'],
  ['bytes', new Uint8Array(3)],
])('refuses %s', (_, frame) => {
  expect(readLiveMessage(frame)).toBeNull()
})

import { expect, test } from 'vitest'
import {
  foreignMembers,
  formatOrigin,
  formatTraceParent,
  parseOrigin,
  parseTraceParent,
} from './trace-headers.ts'

const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '01' }

test('a traceparent is read as W3C has it, later versions too', () => {
  expect(parseTraceParent(formatTraceParent(parent))).toEqual(parent)
  expect(parseTraceParent(`42-${parent.traceId}-${parent.spanId}-01-more`)).toEqual(parent)
})

test.each([
  undefined,
  7,
  '',
  `ff-${parent.traceId}-${parent.spanId}-01`,
  `00-${'0'.repeat(32)}-${parent.spanId}-01`,
  `00-${parent.traceId}-${'0'.repeat(16)}-01`,
  `00-${parent.traceId.toUpperCase()}-${parent.spanId}-01`,
  `00-${parent.traceId}-${parent.spanId}-01, 00-${parent.traceId}-${parent.spanId}-01`,
  `00-${parent.traceId}-${parent.spanId}-01-${'x'.repeat(100)}`,
])('%s is no traceparent', (header) => {
  expect(parseTraceParent(header)).toBeUndefined()
})

test('a sender travels with its message, within the limits of tracestate', () => {
  const origin = { service: 'plän,ner=\n1', instance: 'x'.repeat(100), sentAtMs: 1_795_204_923_000.25 }
  const member = formatOrigin(parent.spanId, origin)
  expect(member).toMatch(/^perfmon=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/)
  expect(parseOrigin(`rojo=1, ${member}`, parent.spanId)).toEqual({
    service: 'pl_n_ner__1',
    instance: 'x'.repeat(64),
    sentAtMs: origin.sentAtMs,
  })
})

test('a member that somebody passed on, or made up, names no sender', () => {
  const member = formatOrigin('c'.repeat(16), { service: 's', instance: 'i', sentAtMs: 1 })
  expect(parseOrigin(member, parent.spanId)).toBeUndefined()
  for (const value of ['', '1', '2:', `1:${parent.spanId}:1:i:<script>`, `1:${parent.spanId}:-1:i:s`]) {
    expect(parseOrigin(`perfmon=${value}`, parent.spanId)).toBeUndefined()
  }
})

test('of two senders the nearest is the one: what proxies pass on stands before', () => {
  const members = ['far', 'near'].map((service) =>
    formatOrigin(parent.spanId, { service, instance: 'i', sentAtMs: 1 }),
  )
  expect(parseOrigin(members.join(', '), parent.spanId)?.service).toBe('near')
})

test('members of others travel on, whole ones, up to 512 characters', () => {
  expect(foreignMembers('a=1, perfmon=2,b=3')).toBe('a=1,b=3')
  expect(foreignMembers(`a=1,b=${'x'.repeat(600)}`)).toBe('a=1')
  expect(foreignMembers(undefined)).toBe('')
})

import { describe, expect, test } from 'vitest'
import { vitalRole, vitalRoles } from './vital-role.ts'
import { addToSums, emptySums, vitalSigns } from './vital-signs.ts'

describe('what a series tells of its agent', () => {
  test.each([
    ['http.server.request.duration', 'count', { 'http.response.status_code': 200 }, vitalRoles.servedCount],
    [
      'http.server.request.duration',
      'count',
      { 'http.response.status_code': 503 },
      vitalRoles.servedFailedCount,
    ],
    ['http.server.request.duration', 'count', { 'http.response.status_code': 404 }, vitalRoles.servedCount],
    ['http.server.request.duration', 'count', { 'error.type': 'aborted' }, vitalRoles.servedFailedCount],
    [
      'http.client.request.duration',
      'count',
      { 'http.response.status_code': 429 },
      vitalRoles.madeFailedCount,
    ],
    ['http.server.request.duration', 'sum', {}, vitalRoles.servedSeconds],
    ['http.server.request.duration', 'bucket', { le: '1' }, vitalRoles.none],
    ['process.cpu.time', 'value', { 'cpu.mode': 'user' }, vitalRoles.cpuSeconds],
    ['some.other.metric', 'value', {}, vitalRoles.none],
  ] as const)('%s %s %j', (metric, part, attributes, role) => {
    expect(vitalRole(metric, part, attributes)).toBe(role)
  })
})

test('a report gives what it tells, and null for the rest', () => {
  const sums = emptySums()
  addToSums(sums, vitalRoles.cpuSeconds, 10, 0.3, 1_000)
  addToSums(sums, vitalRoles.cpuSeconds, 4, 0.1, 1_000)
  addToSums(sums, vitalRoles.servedCount, 90, 8, 1_000)
  addToSums(sums, vitalRoles.servedFailedCount, 9, 2, 1_000)
  addToSums(sums, vitalRoles.servedSeconds, 30, 5, 1_000)
  const vitals = vitalSigns(sums)
  expect(vitals).toMatchObject({
    responseTime: 0.5,
    errorRate: 0.2,
    requestRate: 10,
    memory: null,
    activeConnections: null,
  })
  expect(vitals.cpu).toBeCloseTo(0.4)
})

test('an interval without requests has no response time and no error share, but a rate of zero', () => {
  const sums = emptySums()
  addToSums(sums, vitalRoles.servedCount, 90, 0, 1_000)
  expect(vitalSigns(sums)).toMatchObject({ responseTime: null, errorRate: null, requestRate: 0 })
})

test('memory is the nearer of two limits', () => {
  const sums = emptySums()
  addToSums(sums, vitalRoles.memoryShare, 0.3, 0, 0)
  addToSums(sums, vitalRoles.heapUsedBytes, 500, 0, 0)
  addToSums(sums, vitalRoles.heapUsedBytes, 300, 0, 0)
  addToSums(sums, vitalRoles.heapLimitBytes, 1_000, 0, 0)
  expect(vitalSigns(sums).memory).toBe(0.8)
})

test("an agent's first report has no CPU share: there is nothing to subtract", () => {
  const sums = emptySums()
  addToSums(sums, vitalRoles.cpuSeconds, 10, 0, 0)
  expect(vitalSigns(sums).cpu).toBeNull()
})

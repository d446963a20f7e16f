import { expect, test } from 'vitest'
import { createRecordings } from '../record/recordings.ts'
import type { ProcessReading } from './read-process.ts'
import { createVitalSigns } from './vital-signs.ts'

const reading = (change: Partial<ProcessReading>): ProcessReading => ({
  atMs: 1000,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  rssBytes: 10,
  memoryLimitBytes: 100,
  heapUsedBytes: 30,
  heapLimitBytes: 60,
  loopActiveSeconds: 0,
  loopIdleSeconds: 0,
  uptimeSeconds: 1,
  ...change,
})

test('a report tells what happened since the last one, and nothing it does not know', () => {
  const recordings = createRecordings()
  const { serverDurations, clientDurations, active } = recordings
  const vitals = createVitalSigns({ recordings, startedAtMs: 0 })

  expect(vitals.roll(reading({ cpuUserSeconds: 0.2, cpuSystemSeconds: 0.1 }))).toEqual({
    atMs: 1000,
    cpuPercent: expect.closeTo(30),
    memoryPercent: 50,
    responseTimeMs: undefined,
    errorPercent: undefined,
    activeRequests: 0,
    requestsPerSecond: 0,
    eventLoopUtilization: undefined,
  })

  const fine = serverDurations.admit('fine', { status: 200 })
  const failed = clientDurations.admit('failed', { 'error.type': '503' })
  serverDurations.record(fine, 0.1)
  serverDurations.record(fine, 0.3)
  clientDurations.record(failed, 9)
  active.server = 2
  active.client = 1
  const next = reading({
    atMs: 3000,
    cpuUserSeconds: 3.2,
    cpuSystemSeconds: 0.1,
    rssBytes: 90,
    loopActiveSeconds: 0.5,
    loopIdleSeconds: 1.5,
  })
  expect(vitals.roll(next)).toEqual({
    atMs: 3000,
    cpuPercent: expect.closeTo(150),
    memoryPercent: 90,
    responseTimeMs: expect.closeTo(200),
    errorPercent: expect.closeTo(33.333),
    activeRequests: 3,
    requestsPerSecond: 1.5,
    eventLoopUtilization: 0.25,
  })
})

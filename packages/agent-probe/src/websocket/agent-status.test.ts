import { expect, test } from 'vitest'
import type { VitalSigns } from '../collect/vital-signs.ts'
import { agentStatus } from './agent-status.ts'

const calm: VitalSigns = {
  atMs: 0,
  cpuPercent: 1,
  memoryPercent: 10,
  responseTimeMs: undefined,
  errorPercent: undefined,
  activeRequests: 0,
  requestsPerSecond: 0,
  eventLoopUtilization: 0.01,
}

test.each([
  ['idle', {}],
  ['active', { requestsPerSecond: 0.5 }],
  ['active', { activeRequests: 1 }],
  ['active', { eventLoopUtilization: 0.05 }],
  ['busy', { cpuPercent: 80 }],
  ['busy', { eventLoopUtilization: 0.8, requestsPerSecond: 9 }],
  ['error', { errorPercent: 50, cpuPercent: 100 }],
  ['active', { errorPercent: 49, requestsPerSecond: 9 }],
  ['idle', { cpuPercent: undefined, eventLoopUtilization: undefined, requestsPerSecond: undefined }],
])('%s: %o', (status, change) => {
  expect(agentStatus({ ...calm, ...change })).toBe(status)
})

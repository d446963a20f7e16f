import type { Vitals } from '@perfmon/protocol'
import { expect, test } from 'vitest'
import { isOffline, workStatus } from './agent-status.ts'
import { polledVitals } from './polled-vitals.ts'

const unknown: Vitals = {
  cpu: null,
  memory: null,
  responseTime: null,
  errorRate: null,
  activeConnections: null,
  requestRate: null,
  eventLoop: null,
}

test.each([
  ['nothing known', {}, 'idle'],
  ['requests', { requestRate: 1 }, 'active'],
  ['open requests', { activeConnections: 2 }, 'active'],
  ['CPU without requests', { cpu: 0.2 }, 'active'],
  ['a full event loop', { requestRate: 1, eventLoop: 0.95 }, 'busy'],
  ['a full core', { cpu: 1.3 }, 'busy'],
  ['failures outweigh business', { cpu: 1, errorRate: 0.1 }, 'error'],
] as const)('%s', (_sentence, vitals, status) => expect(workStatus({ ...unknown, ...vitals })).toBe(status))

test('three missed reports and at least five seconds make an agent offline', () => {
  const agent = { lastSeenMs: 0, reportIntervalMs: 1_000 }
  expect(isOffline(agent, 5_000, 0)).toBe(false)
  expect(isOffline(agent, 5_001, 0)).toBe(true)
  expect(isOffline({ ...agent, reportIntervalMs: 10_000 }, 30_000, 0)).toBe(false)
  expect(isOffline(agent, 60_000, 58_000)).toBe(false)
})

test('percent and milliseconds become shares and seconds; what is not said stays unknown', () => {
  expect(
    polledVitals({ type: 'metrics_response', cpu: 50, responseTime: 120, errorRate: null }),
  ).toMatchObject({
    cpu: 0.5,
    responseTime: 0.12,
    errorRate: null,
    memory: null,
  })
})

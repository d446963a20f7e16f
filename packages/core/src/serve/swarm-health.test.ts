import type { Agent, Alert } from '@perfmon/protocol'
import { expect, test } from 'vitest'
import { swarmHealth } from './swarm-health.ts'

const vitals: Agent['vitals'] = {
  cpu: 0.1,
  memory: 0.1,
  responseTime: 0.1,
  errorRate: 0,
  activeConnections: 1,
  requestRate: 10,
  eventLoop: 0.1,
}
const agent = (status: Agent['status'], over: Partial<Agent['vitals']> = {}): Agent => ({
  id: status,
  name: status,
  swarm: 's',
  source: 'otlp',
  status,
  firstSeenMs: 0,
  lastSeenMs: 0,
  reportIntervalMs: 1_000,
  vitals: { ...vitals, ...over },
  attributes: {},
})
const alert = (severity: Alert['severity'], summary: string): Alert => ({
  id: summary,
  fingerprint: summary,
  rule: 'R',
  severity,
  state: 'active',
  labels: {},
  summary,
  unit: '',
  value: 1,
  threshold: 1,
  pendingSinceMs: 0,
  activeSinceMs: 0,
  resolvedAtMs: null,
  resolveReason: null,
  updatedAtMs: 0,
})

test('nothing wrong is 100, without reasons', () => {
  expect(swarmHealth([agent('active'), agent('idle'), agent('left')], [])).toMatchObject({
    score: 100,
    band: 'good',
    reasons: [],
  })
  expect(swarmHealth([], [])).toMatchObject({ score: 100, band: 'good' })
})

test('more wrong is less, and the worst is told first', () => {
  const agents = [agent('active'), agent('error')]
  const warned = swarmHealth(agents, [alert('warning', 'slow')])
  const both = swarmHealth(agents, [alert('warning', 'slow'), alert('critical', 'failing')])
  expect(warned.score).toBeLessThan(100)
  expect(both.score).toBeLessThan(warned.score)
  expect(both).toMatchObject({ band: 'critical', reasons: ['failing.', 'slow.'] })
})

test('one offline agent of one leaves nothing', () => {
  expect(swarmHealth([agent('offline')], [])).toMatchObject({
    score: 0,
    band: 'critical',
    reasons: ['1 agent is offline.'],
  })
})

test('a lost agent whose place was taken pulls nobody down', () => {
  const successor = { ...agent('active'), id: 'new', name: 'offline', firstSeenMs: 5 }
  const health = swarmHealth([agent('offline'), successor], [])
  expect(health).toMatchObject({ score: 100, band: 'good', agents: { offline: 0, left: 1, active: 1 } })
})

test('times and errors are weighted by requests; silent agents do not count', () => {
  const health = swarmHealth(
    [
      agent('active', { requestRate: 30, responseTime: 0.1, errorRate: 0 }),
      agent('active', { requestRate: 10, responseTime: 0.5, errorRate: 0.4 }),
      agent('offline', { requestRate: 1_000, responseTime: 9 }),
      agent('idle', { requestRate: null, responseTime: null, errorRate: null }),
    ],
    [],
  )
  expect(health.requestRate).toBe(40)
  expect(health.responseTime).toBeCloseTo(0.2)
  expect(health.errorRate).toBeCloseTo(0.1)
})

import type { Alert } from '@perfmon/protocol'
import { describe, expect, test } from 'vitest'
import { alertLine } from './alert-line.ts'
import { alertmanagerBody } from './alertmanager-body.ts'
import { retryDelayMs } from './retry-schedule.ts'

const alert: Alert = {
  id: 'f-1',
  fingerprint: 'f',
  rule: 'AgentErrors',
  severity: 'critical',
  state: 'active',
  labels: { alertname: 'AgentErrors', agent: 'worker', agent_id: 'a/1', swarm: 'demo' },
  summary: 'worker fails 50 %',
  unit: '1',
  value: 0.5,
  threshold: 0.1,
  pendingSinceMs: 0,
  activeSinceMs: 60_000,
  resolvedAtMs: null,
  resolveReason: null,
  updatedAtMs: 60_000,
}
const body = (over: Partial<Alert> = {}) =>
  alertmanagerBody({
    alert: { ...alert, ...over },
    externalUrl: 'http://perfmon',
    receiver: 'webhook',
    renderTime: (ms) => new Date(ms).toISOString(),
  })

test('a firing alert has the shape of Alertmanager version 4', () => {
  expect(body()).toEqual({
    version: '4',
    groupKey: '{}:{alertname="AgentErrors", fingerprint="f"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'webhook',
    groupLabels: { alertname: 'AgentErrors', swarm: 'demo' },
    commonLabels: { ...alert.labels, severity: 'critical' },
    commonAnnotations: { summary: 'worker fails 50 %', value: '50 %', threshold: '10 %' },
    externalURL: 'http://perfmon',
    alerts: [
      {
        status: 'firing',
        labels: { ...alert.labels, severity: 'critical' },
        annotations: { summary: 'worker fails 50 %', value: '50 %', threshold: '10 %' },
        startsAt: '1970-01-01T00:01:00.000Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://perfmon/#agent=a%2F1',
        fingerprint: 'f',
      },
    ],
  })
})

test('a resolved alert says when and why', () => {
  const { status, alerts } = body({ state: 'resolved', resolvedAtMs: 120_000, resolveReason: 'recovered' })
  expect(status).toBe('resolved')
  expect(alerts[0]).toMatchObject({
    endsAt: '1970-01-01T00:02:00.000Z',
    annotations: { resolve_reason: 'recovered' },
  })
})

test('an agent cannot move the cursor of a terminal or forge a line', () => {
  const line = alertLine({
    ...alert,
    summary: '\u001b[2Jgone\nCRITICAL forged',
    labels: { agent: 'a\rb', swarm: 's' },
  })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

describe('waiting between attempts', () => {
  test.each([
    [1, 0, undefined, 500],
    [1, 0.999, undefined, 1_000],
    [4, 0, undefined, 4_000],
    [50, 0, undefined, 150_000],
    [1, 0, 7_000, 7_000],
    [1, 0, 9e9, 300_000],
  ])('after %d attempts, chance %d, asked for %s', (attempts, random, retryAfterMs, delayMs) => {
    expect(Math.round(retryDelayMs(attempts, random, retryAfterMs))).toBe(delayMs)
  })
})

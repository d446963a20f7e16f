import type { Agent, Alert, Rule, Series } from '@perfmon/protocol'
import { vitalMetrics } from '@perfmon/protocol'
import { describe, expect, test } from 'vitest'
import { type AlertChange, createEvaluator, type Evaluator } from './evaluator.ts'
import { readRules } from './read-rules.ts'

const { rules } = readRules(
  'rules',
  `rules:
  - alert: Errors
    vital: errorRate
    above: { warning: 5%, critical: 10% }
    for: { warning: 2s }
    keep_firing_for: 1s
    summary: "{{agent}} fails {{value}}"
  - alert: Offline
    absent: { missed_reports: 3, at_least: 5s }`,
) as { rules: readonly Rule[] }

const agent: Agent = {
  id: 'w1',
  name: 'worker',
  swarm: 'demo',
  source: 'otlp',
  status: 'active',
  firstSeenMs: 0,
  lastSeenMs: 0,
  reportIntervalMs: 1_000,
  vitals: {
    cpu: null,
    memory: null,
    responseTime: null,
    errorRate: null,
    activeConnections: null,
    requestRate: null,
    eventLoop: null,
  },
  attributes: {},
}
const series: Series = {
  id: 3,
  agentId: 'w1',
  metric: vitalMetrics.errorRate,
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: {},
}

function make(openAlerts: readonly Alert[] = [], maxBindings = 100): Evaluator {
  const evaluator = createEvaluator({ rules, openAlerts, maxBindings })
  evaluator.bind(series, agent)
  return evaluator
}

function observe(evaluator: Evaluator, ...samples: [timeMs: number, value: number][]): AlertChange[] {
  const changes: AlertChange[] = []
  for (const [timeMs, value] of samples) evaluator.observe(series.id, timeMs, value, timeMs, changes)
  return changes
}

function sweep(evaluator: Evaluator, agents: Agent[], nowMs: number, listeningSinceMs = 0): AlertChange[] {
  const changes: AlertChange[] = []
  evaluator.sweep(agents, nowMs, listeningSinceMs, changes)
  return changes
}

describe('thresholds', () => {
  test('pending, active, worse, over: one alert, one event per step that people hear of', () => {
    const changes = observe(
      make(),
      [1_000, 0.06],
      [2_000, 0.06],
      [3_000, 0.06],
      [4_000, 0.5],
      [5_000, 0],
      [6_000, 0],
    )
    expect(changes.map(({ alert, event }) => [alert.state, alert.severity, event?.type ?? null])).toEqual([
      ['pending', 'warning', null],
      ['active', 'warning', 'alert-active'],
      ['active', 'critical', 'alert-severity'],
      ['resolved', 'critical', 'alert-resolved'],
    ])
    expect(new Set(changes.map(({ alert }) => alert.id)).size).toBe(1)
    expect(changes[2]!.alert).toMatchObject({
      summary: 'worker fails 50 %',
      pendingSinceMs: 1_000,
      activeSinceMs: 3_000,
    })
  })

  test('a withdrawn breach is told to nobody', () => {
    const changes = observe(make(), [1_000, 0.06], [2_000, 0])
    expect(changes.map(({ event }) => event)).toEqual([null, null])
    expect(changes[1]!.alert).toMatchObject({ state: 'resolved', activeSinceMs: null })
  })

  test('a restored active alert is not raised again and can end', () => {
    const [, active] = observe(make(), [1_000, 0.06], [3_000, 0.06])
    const again = make([active!.alert])
    expect(observe(again, [9_000, 0.06]).filter(({ event }) => event)).toEqual([])
    const end = observe(again, [10_000, 0], [11_000, 0])
    expect(end.at(-1)).toMatchObject({
      alert: { id: active!.alert.id },
      event: { type: 'alert-resolved', reason: 'recovered' },
    })
  })

  test('a restored pending alert keeps the time it has waited', () => {
    const [pending] = observe(make(), [1_000, 0.06])
    const [raised] = observe(make([pending!.alert]), [3_100, 0.06])
    expect(raised).toMatchObject({ event: { type: 'alert-active' }, alert: { id: pending!.alert.id } })
  })

  test('an alert of a rule that is no longer there ends', () => {
    const [, active] = observe(make(), [1_000, 0.06], [3_000, 0.06])
    const evaluator = createEvaluator({ rules: [], openAlerts: [active!.alert], maxBindings: 10 })
    expect(sweep(evaluator, [agent], 4_000)[0]).toMatchObject({ event: { reason: 'rule-removed' } })
  })

  test('an active alert whose series fell silent for five minutes ends without data', () => {
    const evaluator = make()
    observe(evaluator, [1_000, 0.5])
    expect(
      sweep(evaluator, [{ ...agent, lastSeenMs: 300_000 }], 300_500).filter(
        ({ alert }) => alert.rule === 'Errors',
      ),
    ).toEqual([])
    const over = sweep(evaluator, [{ ...agent, lastSeenMs: 302_000 }], 302_000)
    expect(over[0]).toMatchObject({ alert: { rule: 'Errors' }, event: { reason: 'no-data' } })
  })

  test('an agent that left takes its alerts with it', () => {
    const evaluator = make()
    observe(evaluator, [1_000, 0.5])
    const [end] = sweep(evaluator, [{ ...agent, status: 'left', lastSeenMs: 1_500 }], 2_000)
    expect(end).toMatchObject({ alert: { rule: 'Errors' }, event: { reason: 'agent-left' } })
  })

  test('NaN is no value', () => {
    expect(observe(make(), [1_000, Number.NaN])).toEqual([])
  })

  test('what goes over the limit of bindings is counted', () => {
    const evaluator = make([], 0)
    expect(evaluator.stats).toMatchObject({ bindings: 0, unboundSeries: 1 })
  })
})

describe('after a restart nothing stays open that nobody watches', () => {
  const open = () => observe(make(), [1_000, 0.06], [3_000, 0.06])[1]!.alert

  test('its agent was forgotten while the aggregator was away', () => {
    const evaluator = createEvaluator({ rules, openAlerts: [open()], maxBindings: 10 })
    expect(sweep(evaluator, [], 4_000)[0]).toMatchObject({ event: { reason: 'agent-left' } })
  })

  test('its rule looks at something else now', () => {
    const elsewhere = rules.map((rule) => (rule.kind === 'threshold' ? { ...rule, agents: ['other'] } : rule))
    const evaluator = createEvaluator({ rules: elsewhere, openAlerts: [open()], maxBindings: 10 })
    evaluator.bind(series, agent)
    expect(sweep(evaluator, [agent], 4_000)[0]).toMatchObject({ event: { reason: 'rule-removed' } })
  })

  test('but what is watched stays', () => {
    expect(sweep(make([open()]), [{ ...agent, lastSeenMs: 4_000 }], 4_000)).toEqual([])
  })
})

test.each([
  ['far behind', -3_600_000],
  ['far ahead', 500_000],
])("a sender's clock that is %s makes no alert stale", (_how, skewMs) => {
  const evaluator = make()
  const changes: AlertChange[] = []
  for (let nowMs = 10_000_000; nowMs < 10_060_000; nowMs += 1_000) {
    evaluator.observe(series.id, nowMs + skewMs, 0.06, nowMs, changes)
    evaluator.sweep([{ ...agent, lastSeenMs: nowMs }], nowMs, 0, changes)
  }
  expect(changes.flatMap(({ event }) => event?.type ?? [])).toEqual(['alert-active'])
})

test('series whose labels look the same have alerts of their own', () => {
  const wide = readRules('r', 'rules: [{ alert: Any, metric: m, above: { critical: 1 } }]').rules!
  const evaluator = createEvaluator({ rules: wide, openAlerts: [], maxBindings: 10 })
  const like = { ...series, metric: 'm' }
  const alike: Series[] = [
    { ...like, id: 1, attributes: { 'a.b': 'x' } },
    { ...like, id: 2, attributes: { a_b: 'x' } },
    { ...like, id: 3, attributes: { 'a.b': 'x' }, scope: 'other' },
  ]
  const changes: AlertChange[] = []
  for (const one of alike) {
    evaluator.bind(one, agent)
    evaluator.observe(one.id, 1_000, 5, 1_000, changes)
  }
  expect(new Set(changes.map(({ alert }) => alert.id)).size).toBe(3)
})

test('words that nobody defined stay as written', () => {
  const odd = readRules(
    'r',
    "rules: [{ alert: Odd, vital: cpu, above: { critical: 1 }, summary: '{{constructor}} {{agent}}' }]",
  ).rules!
  const evaluator = createEvaluator({ rules: odd, openAlerts: [], maxBindings: 10 })
  evaluator.bind({ ...series, metric: vitalMetrics.cpu }, agent)
  expect(observe(evaluator, [1_000, 5])[0]!.alert.summary).toBe('{{constructor}} worker')
})

describe('absence', () => {
  test.each([
    ['an agent in time', 5_000, 'active', 0, []],
    ['an agent late by three reports and five seconds', 5_001, 'active', 0, ['alert-active']],
    ['an agent that crashed is late at once', 100, 'offline', 0, ['alert-active']],
    ['an agent that left is not missed', 60_000, 'left', 0, []],
    ['after a restart of the aggregator it counts from the restart', 60_000, 'active', 56_000, []],
  ] as const)('%s', (_sentence, nowMs, status, listeningSinceMs, events) => {
    const changes = sweep(make(), [{ ...agent, status }], nowMs, listeningSinceMs)
    expect(changes.map(({ event }) => event?.type)).toEqual(events)
  })

  test('an agent with a slow report is given three of its own intervals', () => {
    const slow = { ...agent, reportIntervalMs: 60_000 }
    expect(sweep(make(), [slow], 170_000)).toEqual([])
    expect(sweep(make(), [slow], 181_000)).toHaveLength(1)
  })

  test('it ends when the agent is heard again', () => {
    const evaluator = make()
    sweep(evaluator, [{ ...agent, status: 'offline' }], 10_000)
    const [end] = sweep(evaluator, [{ ...agent, lastSeenMs: 11_000 }], 11_500)
    expect(end).toMatchObject({ event: { type: 'alert-resolved', reason: 'recovered' } })
  })

  test('one successor of the same role replaces one lost agent, not two', () => {
    const evaluator = make()
    const lost = (id: string, lastSeenMs: number): Agent => ({ ...agent, id, status: 'offline', lastSeenMs })
    const gone = [lost('a', 1_000), lost('b', 2_000)]
    expect(sweep(evaluator, gone, 10_000)).toHaveLength(2)
    const successor: Agent = { ...agent, id: 'c', firstSeenMs: 11_000, lastSeenMs: 11_000 }
    const changes = sweep(evaluator, [...gone, successor], 11_500)
    expect(changes.map(({ alert }) => [alert.labels['agent_id'], alert.resolveReason])).toEqual([
      ['a', 'agent-left'],
    ])
  })

  test('a replacement that is lost too is its own loss, not that of its predecessor again', () => {
    const evaluator = make()
    const lost = (id: string, firstSeenMs: number, lastSeenMs: number): Agent => ({
      ...agent,
      id,
      status: 'offline',
      firstSeenMs,
      lastSeenMs,
    })
    sweep(evaluator, [lost('a', 0, 1_000)], 10_000)
    const successor: Agent = { ...agent, id: 'b', firstSeenMs: 11_000, lastSeenMs: 11_000 }
    sweep(evaluator, [lost('a', 0, 1_000), successor], 11_500)
    const changes = sweep(evaluator, [lost('a', 0, 1_000), lost('b', 11_000, 20_000)], 30_000)
    expect(changes.map(({ alert }) => [alert.labels['agent_id'], alert.state])).toEqual([['b', 'active']])
  })

  test('a forgotten agent takes its alerts with it', () => {
    const evaluator = make()
    observe(evaluator, [1_000, 0.5])
    const changes: AlertChange[] = []
    evaluator.forget('w1', 2_000, changes)
    expect(changes[0]).toMatchObject({ event: { type: 'alert-resolved', reason: 'agent-left' } })
    expect(observe(evaluator, [3_000, 0.5])).toEqual([])
    expect(evaluator.stats.bindings).toBe(0)
  })
})

import { expect, it } from 'vitest'
import { sampleAgent, sampleAlert } from '../../fake-aggregator/sample-records.ts'
import type { AgentRow } from '../live/live-state.ts'
import { groupBySwarm, listFlat, severityOf } from './agent-list.ts'

function row(id: string, swarm: string, parts: Partial<AgentRow> = {}): AgentRow {
  return {
    agent: sampleAgent({ id, swarm }),
    rings: {},
    alerts: [],
    searchText: null,
    nameKey: null,
    ...parts,
  }
}

const names = (items: ReturnType<typeof groupBySwarm>) =>
  items.map((item) => (item.kind === 'swarm' ? `[${item.swarm}]` : item.row.agent.id))

it('gives each swarm a heading, in the order of its first agent', () => {
  const rows = [row('a', 'two'), row('b', 'one'), row('c', 'two')]
  expect(names(groupBySwarm(rows, new Set()))).toEqual(['[two]', 'a', 'c', '[one]', 'b'])
  expect(names(groupBySwarm(rows, new Set(['two'])))).toEqual(['[two]', '[one]', 'b'])
  expect(names(listFlat(rows))).toEqual(['a', 'b', 'c'])
})

it('counts trouble: active alerts, errors and the offline, each agent once', () => {
  const rows = [
    row('a', 's', { alerts: [sampleAlert({ severity: 'warning' }), sampleAlert({ severity: 'critical' })] }),
    row('b', 's', { agent: sampleAgent({ id: 'b', swarm: 's', status: 'offline' }) }),
    row('c', 's', { alerts: [sampleAlert({ state: 'pending' })] }),
    row('d', 's'),
  ]
  expect(groupBySwarm(rows, new Set())[0]).toMatchObject({ agents: 4, troubled: 2, worst: 'critical' })
})

it('takes no pending alert for a severity', () => {
  expect(
    severityOf(row('a', 's', { alerts: [sampleAlert({ state: 'pending', severity: 'critical' })] })),
  ).toBeNull()
})

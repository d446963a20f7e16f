import type { Agent } from '@perfmon/protocol'
import { describe, expect, it } from 'vitest'
import { sampleAgent, sampleAlert } from '../../fake-aggregator/sample-records.ts'
import type { AgentRow } from '../live/live-state.ts'
import { badness, keepOrder, sortAgents } from './agent-order.ts'

function row(
  parts: Parameters<typeof sampleAgent>[0],
  alerts: Parameters<typeof sampleAlert>[0][] = [],
): AgentRow {
  const agent: Agent = sampleAgent(parts)
  return { agent, rings: {}, alerts: alerts.map(sampleAlert), searchText: null, nameKey: null }
}

const idsOf = (rows: readonly AgentRow[]) => rows.map(({ agent }) => agent.id)

describe('worst first', () => {
  it('puts what needs a person before what does not', () => {
    const rows = [
      row({ id: 'left', status: 'left' }),
      row({ id: 'idle', status: 'idle' }),
      row({ id: 'active' }),
      row({ id: 'pending' }, [{ state: 'pending' }]),
      row({ id: 'busy', status: 'busy' }),
      row({ id: 'warned' }, [{ severity: 'warning' }]),
      row({ id: 'offline', status: 'offline' }),
      row({ id: 'error', status: 'error' }),
      row({ id: 'critical' }, [{ severity: 'warning' }, { severity: 'critical' }]),
    ]
    const sorted = sortAgents(rows, { key: 'status', descending: true })
    expect(idsOf(sorted)).toEqual(idsOf(rows).reverse())
  })

  it('counts alerts among equally bad ones, and a pending critical one is pending', () => {
    const one = row({ id: 'one' }, [{ severity: 'critical' }])
    const two = row({ id: 'two' }, [{ severity: 'critical' }, { severity: 'critical' }])
    expect(idsOf(sortAgents([one, two], { key: 'status', descending: true }))).toEqual(['two', 'one'])
    expect(badness(row({}, [{ severity: 'critical', state: 'pending' }]))).toBe(
      badness(row({}, [{ state: 'pending' }])),
    )
  })
})

describe('a column', () => {
  it('keeps the unknown last in both directions', () => {
    const rows = [
      row({ id: 'unknown' }),
      row({ id: 'low', vitals: { cpu: 0 } }),
      row({ id: 'high', vitals: { cpu: 1 } }),
    ]
    expect(idsOf(sortAgents(rows, { key: 'cpu', descending: true }))).toEqual(['high', 'low', 'unknown'])
    expect(idsOf(sortAgents(rows, { key: 'cpu', descending: false }))).toEqual(['low', 'high', 'unknown'])
  })

  it('orders names by their numbers and swarms before names', () => {
    const rows = [
      row({ id: 'x', name: 'agent-10' }),
      row({ id: 'y', name: 'Agent-2' }),
      row({ id: 'z', name: 'b', swarm: 'a' }),
    ]
    expect(idsOf(sortAgents(rows, { key: 'name', descending: false }))).toEqual(['z', 'y', 'x'])
  })
})

it('keeps the order on the screen while it is held: gone ones go, new ones come last', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id) => row({ id })) as [
    AgentRow,
    AgentRow,
    AgentRow,
    AgentRow,
  ]
  expect(idsOf(keepOrder([a, b, c], [d, c, a]))).toEqual(['a', 'c', 'd'])
})

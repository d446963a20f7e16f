import { expect, it } from 'vitest'
import { sampleAgent } from '../../fake-aggregator/sample-records.ts'
import { agentFilter } from './agent-filter.ts'

const row = {
  agent: sampleAgent({ name: 'Planner', status: 'error', attributes: { 'host.name': 'worker-7' } }),
  rings: {},
  alerts: [],
  searchText: null,
  nameKey: null,
}

it.each([
  ['', true],
  ['plan', true],
  ['PLANNER research', true],
  ['worker-7', true],
  ['planner nowhere', false],
  ['status:err', true],
  ['status:active', false],
  ['swarm:search', true],
  ['swarm:planner', false],
  ['error', true],
  ['status:', false],
  ['<img', false],
])('%j matches: %s', (query, expected) => {
  expect(agentFilter(query)(row)).toBe(expected)
})

it('looks at a bounded part of what an agent sends', () => {
  const name = `${'x'.repeat(5000)}needle`
  expect(agentFilter('needle')({ ...row, searchText: null, agent: sampleAgent({ name }) })).toBe(false)
})

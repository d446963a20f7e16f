import { expect, it } from 'vitest'
import { sampleHealth } from '../../fake-aggregator/sample-records.ts'
import { headline } from './headline.ts'

const withTotal = (total: number) => ({ ...sampleHealth, agents: { ...sampleHealth.agents, total } })

it('says the worst reason', () => {
  expect(
    headline({ ...sampleHealth, band: 'critical', reasons: ['planner is down.', 'coder is slow.'] }),
  ).toBe('planner is down.')
})

it('says that all is well, in words that fit the number', () => {
  expect([0, 1, 12].map((total) => headline(withTotal(total)))).toEqual([
    'No agent reports yet.',
    'The one agent is well.',
    'All 12 agents are well.',
  ])
})

it('never calls a bad swarm well for want of a reason', () => {
  expect(headline({ ...withTotal(12), band: 'warning' })).toContain('wrong')
})

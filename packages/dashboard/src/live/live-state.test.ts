import { describe, expect, it } from 'vitest'
import {
  sampleAgent,
  sampleAlert,
  sampleSnapshot,
  sampleUpdate,
} from '../../fake-aggregator/sample-records.ts'
import { applyLiveMessage, createLiveState } from './live-state.ts'
import { readRing, slotAt } from './ring.ts'

function stateOf(snapshot = sampleSnapshot({ agents: [sampleAgent({ vitals: { cpu: 0.5 } })] })) {
  const state = createLiveState()
  applyLiveMessage(state, snapshot)
  return state
}

describe('a snapshot', () => {
  it('fills the rings from the sparklines, gaps as gaps, and ends with the present value', () => {
    const line = { startMs: 80_000, stepMs: 5000, values: [0.1, null, 0.3] }
    const agents = [sampleAgent({ vitals: { cpu: 0.5 } })]
    const state = stateOf(sampleSnapshot({ agents, sparklines: { 'planner-1': { cpu: line } } }))
    const ring = state.agents.get('planner-1')?.rings.cpu
    expect(ring && [80, 85, 90, 100].map((second) => readRing(ring, slotAt(second * 1000)))).toEqual([
      Math.fround(0.1),
      Number.NaN,
      Math.fround(0.3),
      0.5,
    ])
  })

  it('has no ring for what is not known', () => {
    expect(stateOf().agents.get('planner-1')?.rings.memory).toBeUndefined()
  })

  it('replaces everything that was there', () => {
    const state = stateOf()
    applyLiveMessage(state, sampleSnapshot({ agents: [sampleAgent({ id: 'other' })] }))
    expect([...state.agents.keys()]).toEqual(['other'])
  })
})

describe('an update', () => {
  it('changes the named agents and leaves the others', () => {
    const state = stateOf(
      sampleSnapshot({
        agents: [sampleAgent({ vitals: { cpu: 0.5 } }), sampleAgent({ id: 'b', vitals: { cpu: 0.1 } })],
      }),
    )
    const vitals = { agents: ['planner-1'], cpu: [0.9], status: ['busy' as const], lastSeenMs: [101_000] }
    applyLiveMessage(state, sampleUpdate({ vitals }))
    expect(state.agents.get('planner-1')?.agent).toMatchObject({ status: 'busy', lastSeenMs: 101_000 })
    expect(state.agents.get('planner-1')?.agent.vitals.cpu).toBe(0.9)
    expect(state.agents.get('b')?.agent.vitals.cpu).toBe(0.1)
  })

  it('makes a value unknown when it says null', () => {
    const state = stateOf()
    applyLiveMessage(state, sampleUpdate({ vitals: { agents: ['planner-1'] } }))
    expect(state.agents.get('planner-1')?.agent.vitals.cpu).toBeNull()
  })

  it('knows nothing of the present of who has gone, and keeps the past', () => {
    const state = stateOf()
    const vitals = { agents: ['planner-1'], cpu: [0.9], status: ['offline' as const], lastSeenMs: [100_000] }
    applyLiveMessage(state, sampleUpdate({ vitals }))
    const row = state.agents.get('planner-1')
    expect(row?.agent.vitals.cpu).toBeNull()
    expect(row?.rings.cpu && readRing(row.rings.cpu, slotAt(100_000))).toBe(Math.fround(0.9))
  })

  it('adds who joined, keeps the history of who was renamed, and drops who left', () => {
    const state = stateOf()
    const ring = state.agents.get('planner-1')?.rings.cpu
    applyLiveMessage(
      state,
      sampleUpdate({ agents: [sampleAgent({ name: 'renamed' }), sampleAgent({ id: 'new' })] }),
    )
    expect(state.agents.get('planner-1')).toMatchObject({ agent: { name: 'renamed' }, rings: { cpu: ring } })
    applyLiveMessage(state, sampleUpdate({ removedAgents: ['planner-1'] }))
    expect([...state.agents.keys()]).toEqual(['new'])
  })

  it('counts entries of agents that nobody introduced, and names like __proto__ are names', () => {
    const state = stateOf()
    applyLiveMessage(state, sampleUpdate({ vitals: { agents: ['__proto__', 'ghost'] } }))
    expect(state.strangeEntries).toBe(2)
    applyLiveMessage(state, sampleUpdate({ agents: [sampleAgent({ id: '__proto__' })] }))
    expect(state.agents.get('__proto__')?.agent.id).toBe('__proto__')
  })

  it('before the first snapshot is counted and not believed', () => {
    const state = createLiveState()
    applyLiveMessage(state, sampleUpdate({ agents: [sampleAgent({})] }))
    expect(state).toMatchObject({ ready: false, strangeEntries: 1 })
    expect(state.agents.size).toBe(0)
  })
})

describe('alerts', () => {
  it('hang on their agent while they are open', () => {
    const state = stateOf()
    applyLiveMessage(state, sampleUpdate({ alerts: [sampleAlert({})] }))
    expect(state.agents.get('planner-1')?.alerts).toHaveLength(1)
    const over = sampleAlert({ state: 'resolved', resolvedAtMs: 101_000, resolveReason: 'recovered' })
    applyLiveMessage(state, sampleUpdate({ alerts: [over] }))
    expect(state.agents.get('planner-1')?.alerts).toEqual([])
    expect(state.alerts.size).toBe(1)
  })

  it('find an agent that joins after them', () => {
    const state = stateOf(sampleSnapshot({ alerts: [sampleAlert({})] }))
    applyLiveMessage(state, sampleUpdate({ agents: [sampleAgent({})] }))
    expect(state.agents.get('planner-1')?.alerts).toHaveLength(1)
  })

  it('that are over are kept in bounds, the latest first', () => {
    const state = stateOf()
    const alerts = Array.from({ length: 70 }, (_, index) =>
      sampleAlert({ id: `old-${index}`, state: 'resolved', resolvedAtMs: index }),
    )
    applyLiveMessage(state, sampleUpdate({ alerts }))
    expect(state.alerts.size).toBe(50)
    expect(state.alerts.has('old-69')).toBe(true)
    expect(state.alerts.has('old-19')).toBe(false)
  })
})

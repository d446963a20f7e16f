import { expect, it } from 'vitest'
import { sampleAgent, sampleSnapshot, sampleUpdate } from '../../fake-aggregator/sample-records.ts'
import { createPageModel } from './page-model.ts'

function fakePage(hash = '') {
  const edges = { nowMs: 1_000_000, hash, pushed: 0, reconnects: 0, second: () => {} }
  const page = createPageModel({
    nowMs: () => edges.nowMs,
    everySecond: (call) => {
      edges.second = call
    },
    location: {
      hash: () => edges.hash,
      replace: (next) => {
        edges.hash = next
      },
      push: (next) => {
        edges.hash = next
        edges.pushed++
      },
      onChange: () => {},
    },
    live: () => ({
      reconnect: () => {
        edges.reconnects++
      },
      stop: () => {},
    }),
  })
  return { page, edges }
}

const update = (cpu: number, nowMs = 101_000) =>
  sampleUpdate({ nowMs, vitals: { agents: ['planner-1'], cpu: [cpu], lastSeenMs: [nowMs] } })

it('keeps the view still while paused, counts, and catches up', () => {
  const { page, edges } = fakePage()
  page.receive(sampleSnapshot({ agents: [sampleAgent({ vitals: { cpu: 0.1 } })] }))
  page.togglePause()
  const frozenMs = page.viewNowMs.value
  edges.nowMs += 5000
  edges.second()
  page.receive(update(0.2))
  page.receive(update(0.3, 102_000))
  expect(page.heldCount.value).toBe(2)
  expect(page.viewNowMs.value).toBe(frozenMs)
  expect(page.state.agents.get('planner-1')?.agent.vitals.cpu).toBe(0.1)
  page.togglePause()
  expect(page.heldCount.value).toBe(0)
  expect(page.state.agents.get('planner-1')?.agent.vitals.cpu).toBe(0.3)
})

it('asks for a snapshot when more was held than it could keep', () => {
  const { page, edges } = fakePage()
  page.receive(sampleSnapshot())
  page.togglePause()
  const agents = Array.from({ length: 100_001 }, (_, index) => `a${index}`)
  page.receive(sampleUpdate({ vitals: { agents } }))
  page.receive(sampleUpdate({ vitals: { agents } }))
  page.togglePause()
  expect(edges.reconnects).toBe(1)
})

it("tells time by the aggregator's clock", () => {
  const { page, edges } = fakePage()
  page.receive(sampleSnapshot({ nowMs: 5000 }))
  edges.nowMs += 3000
  edges.second()
  expect(page.viewNowMs.value).toBe(8000)
})

it('writes filter and sort into the address, and only the drawer into its history', () => {
  const { page, edges } = fakePage()
  page.setFilter('status:error')
  page.sortBy('cpu')
  page.sortBy('cpu')
  expect(edges.hash).toBe('#filter=status%3Aerror&sort=cpu&order=up')
  expect(edges.pushed).toBe(0)
  page.openAgent('planner-1')
  page.closeAgent()
  expect(edges.pushed).toBe(2)
  expect(edges.hash).toBe('#filter=status%3Aerror&sort=cpu&order=up')
})

it('opens as its address says', () => {
  const { page } = fakePage('#agent=b&sort=cpu&order=down&group=off&filter=b')
  page.receive(sampleSnapshot({ agents: [sampleAgent({}), sampleAgent({ id: 'b', name: 'x' })] }))
  expect(page.route.value.agentId).toBe('b')
  expect(page.agentItems.value).toMatchObject({
    matching: 1,
    items: [{ kind: 'agent', row: { agent: { id: 'b' } } }],
  })
})

it('holds the order of rows while it is told to', () => {
  const { page } = fakePage('#sort=cpu&order=down&group=off')
  const agents = [sampleAgent({ vitals: { cpu: 0.9 } }), sampleAgent({ id: 'b', vitals: { cpu: 0.5 } })]
  page.receive(sampleSnapshot({ agents }))
  const order = () => page.agentItems.value.items.map((item) => item.kind === 'agent' && item.row.agent.id)
  expect(order()).toEqual(['planner-1', 'b'])
  page.orderHeld.value = true
  page.receive(update(0.1))
  expect(order()).toEqual(['planner-1', 'b'])
  page.orderHeld.value = false
  expect(order()).toEqual(['b', 'planner-1'])
})

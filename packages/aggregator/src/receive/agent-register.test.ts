import type { Vitals } from '@perfmon/protocol'
import { expect, test } from 'vitest'
import { createAgentTable } from '../store/agent-table.ts'
import { createAgentRegister, type Exit, forgetLeftAfterMs, forgetOfflineAfterMs } from './agent-register.ts'

const silent: Vitals = {
  cpu: null,
  memory: null,
  responseTime: null,
  errorRate: null,
  activeConnections: null,
  requestRate: null,
  eventLoop: null,
}
const agent = { id: 'a', name: 'worker', swarm: 's', reportIntervalMs: 1_000, attributes: {} }

function make() {
  const table = createAgentTable([])
  const register = createAgentRegister({ table, maxAgents: 10, listeningSinceMs: 0 })
  const report = (nowMs: number, vitals: Partial<Vitals> = {}, exit: Exit | null = null) =>
    register.report({ agent, source: 'otlp', vitals: { ...silent, ...vitals }, nowMs, exit })
  const events = () => register.takeChanges().events.map((event) => event.type)
  return { table, register, report, events }
}

test('joined, offline, back, left: each is told once', () => {
  const { table, register, report, events } = make()
  expect(report(1_000)).toBe(true)
  expect(report(2_000)).toBe(false)
  register.sweep(7_000)
  expect(events()).toEqual(['agent-joined'])
  register.sweep(7_001)
  register.sweep(8_000)
  expect(events()).toEqual(['agent-offline'])
  expect(table.get('a')?.status).toBe('offline')
  report(9_000)
  expect(events()).toEqual(['agent-back'])
  report(9_500, {}, { code: 0, reason: 'normal' })
  expect(events()).toEqual(['agent-left'])
  register.sweep(60_000)
  expect(events()).toEqual([])
})

test('a vital sign between two requests is kept for a while, then unknown', () => {
  const { table, report } = make()
  report(1_000, { responseTime: 0.2 })
  report(15_000)
  expect(table.get('a')?.vitals.responseTime).toBe(0.2)
  report(17_000)
  expect(table.get('a')?.vitals.responseTime).toBeNull()
})

test('who has been gone for long is forgotten: an hour after leaving, a day after vanishing', () => {
  const { table, register, report } = make()
  const removed: string[] = []
  table.onRemoved((id) => removed.push(id))
  report(1_000, {}, { code: 0, reason: 'normal' })
  register.sweep(1_000 + forgetLeftAfterMs)
  expect(removed).toEqual([])
  register.sweep(1_001 + forgetLeftAfterMs)
  expect(removed).toEqual(['a'])
  report(10_000_000)
  register.sweep(10_000_001 + forgetLeftAfterMs)
  expect(table.size).toBe(1)
  register.sweep(10_000_001 + forgetOfflineAfterMs)
  expect(table.size).toBe(0)
})

test('an agent that declares no interval is timed by its shortest gaps', () => {
  const table = createAgentTable([])
  const register = createAgentRegister({ table, maxAgents: 10, listeningSinceMs: 0 })
  for (const nowMs of [0, 10_000, 40_000, 50_000]) {
    register.report({
      agent: { ...agent, reportIntervalMs: null },
      source: 'otlp',
      vitals: silent,
      nowMs,
      exit: null,
    })
  }
  expect(table.get('a')?.reportIntervalMs).toBe(10_000)
})

test('changes that could not be saved are handed out again', () => {
  const { register, report } = make()
  report(1_000)
  const changes = register.takeChanges()
  expect(register.takeChanges()).toEqual({ agents: [], events: [] })
  register.keep(changes)
  expect(register.takeChanges()).toEqual(changes)
})

import { expect, test } from 'vitest'
import { agentIdentity } from './agent-identity.ts'

test('semantic conventions name the agent', () => {
  const identity = agentIdentity([
    ['service.instance.id', 'i-1'],
    ['service.name', 'worker'],
    ['service.namespace', 'demo'],
    ['perfmon.report.interval', 2_000],
  ])
  expect(identity).toMatchObject({ id: 'i-1', name: 'worker', swarm: 'demo', reportIntervalMs: 2_000 })
})

test('without an instance id, name, host and process tell agents apart', () => {
  const one = agentIdentity([
    ['service.name', 'worker'],
    ['host.name', 'h'],
    ['process.pid', 1],
  ])
  const two = agentIdentity([
    ['service.name', 'worker'],
    ['host.name', 'h'],
    ['process.pid', 2],
  ])
  expect(one.id).not.toBe(two.id)
  expect(one).toMatchObject({ swarm: 'default', reportIntervalMs: null })
})

test('hostile attributes are cut: count, length and nonsense', () => {
  const many = Array.from({ length: 500 }, (_, i) => [`key${i}`, 'x'.repeat(10_000)] as const)
  const identity = agentIdentity([
    ['service.name', 'n'.repeat(10_000)],
    ['perfmon.report.interval', 'soon'],
    ...many,
  ])
  expect(identity.name).toHaveLength(256)
  expect(Object.keys(identity.attributes)).toHaveLength(64)
  expect(identity.reportIntervalMs).toBeNull()
})

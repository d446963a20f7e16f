import type { Agent } from '@perfmon/protocol'
import { expect, test } from 'vitest'
import { createAgentTable } from '../store/agent-table.ts'
import { createPolledIdentities } from './polled-identities.ts'

const here = 'ws://127.0.0.1:3001/metrics'
const there = 'ws://127.0.0.1:3002/metrics'
const reporting = (id: string, webSocket: string): Agent => ({
  id,
  name: id,
  swarm: 's',
  source: 'otlp',
  status: 'active',
  firstSeenMs: 0,
  lastSeenMs: 0,
  reportIntervalMs: 1_000,
  vitals: {
    cpu: 0,
    memory: 0,
    responseTime: 0,
    errorRate: 0,
    activeConnections: 0,
    requestRate: 0,
    eventLoop: 0,
  },
  attributes: { 'perfmon.agent.websocket.url': webSocket },
})

test('an address keeps the id it began with, until it connects anew', () => {
  const identities = createPolledIdentities(createAgentTable([]))
  expect(identities.admits(here, 'a')).toBe(true)
  expect(identities.admits(here, 'a')).toBe(true)
  expect(identities.admits(here, 'b')).toBe(false)
  identities.forget(here)
  expect(identities.admits(here, 'b')).toBe(true)
})

test('nobody speaks as another address', () => {
  const identities = createPolledIdentities(createAgentTable([]))
  identities.admits(here, 'a')
  expect(identities.admits(there, 'a')).toBe(false)
  identities.forget(here)
  expect(identities.admits(there, 'a')).toBe(true)
})

test('nobody speaks as an agent that reports by itself, but its own address does', () => {
  const identities = createPolledIdentities(createAgentTable([reporting('o', here)]))
  expect(identities.admits(there, 'o')).toBe(false)
  expect(identities.admits(here, 'o')).toBe(true)
})

test('an agent that listens and dials out speaks over both, and over the one that is left', () => {
  const agent = reporting('o', here)
  const dial = 'dial-in:of-its-secret'
  const both = { ...agent, attributes: { ...agent.attributes, 'perfmon.agent.dial.address': dial } }
  const identities = createPolledIdentities(createAgentTable([both]))
  expect(identities.admits(here, 'o')).toBe(true)
  expect(identities.admits(dial, 'o')).toBe(true)
  identities.forget(here)
  expect(identities.admits(dial, 'o')).toBe(true)
  expect(identities.admits(there, 'o')).toBe(false)
})

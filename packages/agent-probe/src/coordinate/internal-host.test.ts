import { expect, test } from 'vitest'
import { createIsInternal } from './internal-host.ts'

test.each([
  'localhost',
  'worker',
  '127.0.0.1',
  '127.9.9.9',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.1',
  '192.168.0.9',
  '::1',
  '[::1]',
  'fd00::1',
  '::ffff:10.0.0.1',
  'agent.local',
  'worker.team.svc',
  'w.ns.svc.cluster.local',
  'db.internal',
  'LOCALHOST.',
  'a.localhost',
])('%s is internal', (host) => {
  expect(createIsInternal(undefined)(host)).toBe(true)
})

test.each([
  'api.openai.com',
  '8.8.8.8',
  'metadata.google.internal',
  '172.32.0.1',
  '172.15.0.1',
  '192.169.0.1',
  '169.254.169.254',
  '2001:db8::1',
  'local.example.com',
  'internal.example',
  '',
  '127.0.0.1.example.com',
  'notlocal.example.local.com',
])('%s is not', (host) => {
  expect(createIsInternal(undefined)(host)).toBe(false)
})

test('hosts can be added, all allowed, or none', () => {
  const listed = createIsInternal(' agents.example.com, *.swarm.example ')
  expect(listed('agents.example.com')).toBe(true)
  expect(listed('a.swarm.example')).toBe(true)
  expect(listed('swarm.example')).toBe(false)
  expect(listed('localhost')).toBe(true)
  expect(createIsInternal('*')('api.openai.com')).toBe(true)
  expect(createIsInternal('off')('localhost')).toBe(false)
})

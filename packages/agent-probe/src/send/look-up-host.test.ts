import { expect, test } from 'vitest'
import { addressesInHosts, namesToAsk } from './look-up-host.ts'

test('a hosts file gives all addresses of a name, comments and case aside', () => {
  const lines = [
    '127.0.0.1 localhost',
    '10.0.0.7\tcollector Collector.Internal # ours',
    '#10.0.0.8 collector',
    '::7 collector',
    '',
  ]
  expect(addressesInHosts(lines, 'collector')).toEqual([
    { address: '10.0.0.7', family: 4 },
    { address: '::7', family: 6 },
  ])
  expect(addressesInHosts(lines, 'collector.internal')).toHaveLength(1)
  expect(addressesInHosts(lines, 'ours')).toEqual([])
})

test('names are searched for as resolv.conf says', () => {
  const kubernetes = [
    'search perfmon.svc.cluster.local svc.cluster.local',
    'nameserver 10.96.0.10',
    'options ndots:5',
  ]
  expect(namesToAsk(kubernetes, 'collector')).toEqual([
    'collector.perfmon.svc.cluster.local',
    'collector.svc.cluster.local',
    'collector',
  ])
  expect(namesToAsk(['search example.com'], 'collector.internal')).toEqual([
    'collector.internal',
    'collector.internal.example.com',
  ])
  expect(namesToAsk(kubernetes, 'collector.')).toEqual(['collector.'])
  expect(namesToAsk([], 'collector')).toEqual(['collector'])
  expect(namesToAsk([`search ${'a '.repeat(99)}`], 'x')).toHaveLength(7)
})

import type { Agent } from '@perfmon/protocol'
import { afterEach, expect, test } from 'vitest'
import { isNetwork, selfRegistered } from './self-registered.ts'
import type { Target } from './target.ts'

let stop: (() => void) | undefined
afterEach(() => stop?.())

function agent(url: string, status: Agent['status'] = 'active', source: Agent['source'] = 'otlp') {
  return { source, status, attributes: { 'perfmon.agent.websocket.url': url } } as unknown as Agent
}

test('only addresses in allowed networks are used; names and all others are counted', async () => {
  const list = [
    agent('ws://127.0.0.1:3001/metrics'),
    agent('ws://localhost:3002/metrics'),
    agent('ws://[::ffff:127.0.0.1]:3003/'),
    agent('ws://10.1.2.3:3001/'),
    agent('ws://169.254.169.254/latest/meta-data'),
    agent('ws://127.0.0.1.evil.example:80/'),
    agent('ws://2130706433:3009/'),
    agent('ws://127.0.0.1:1-5000/'),
    agent('http://127.0.0.1:3001/'),
    agent('ws://127.0.0.1:3005/', 'left'),
    agent('ws://127.0.0.1:3006/', 'active', 'websocket'),
  ]
  const source = selfRegistered({ allow: ['127.0.0.0/8'], agents: { list: () => list }, refreshMs: 5 })
  const targets = await new Promise<readonly Target[]>((resolve) => {
    stop = source.watch(resolve)
  })
  expect(targets.map(({ url }) => url)).toEqual([
    'ws://127.0.0.1:3001/metrics',
    'ws://localhost:3002/metrics',
    'ws://[::ffff:7f00:1]:3003/',
    // A number is an address in another spelling: 127.0.0.1.
    'ws://127.0.0.1:3009/',
  ])
  expect(source.stats().leftOut).toBe(5)
})

test('who stops to report, or is offline, stays; who leaves goes', async () => {
  let list = [agent('ws://127.0.0.1:3001/'), agent('ws://127.0.0.1:3002/'), agent('ws://127.0.0.1:3003/')]
  const told: number[] = []
  const source = selfRegistered({ allow: ['127.0.0.1'], agents: { list: () => list }, refreshMs: 5 })
  await new Promise<void>((resolve) => {
    stop = source.watch((targets) => {
      told.push(targets.length)
      if (told.length === 2) resolve()
      list = [
        agent('ws://127.0.0.1:3001/', 'active', 'websocket'),
        agent('ws://127.0.0.1:3002/', 'offline'),
        agent('ws://127.0.0.1:3003/', 'left'),
      ]
    })
  })
  expect(told).toEqual([3, 2])
})

test('what a network is', () => {
  expect(['10.0.0.0/8', '::1', 'fd00::/8', '127.0.0.1'].every(isNetwork)).toBe(true)
  expect(['10.0.0.0/33', 'localhost', '10.0.0/8', '', '::1/129'].some(isNetwork)).toBe(false)
})

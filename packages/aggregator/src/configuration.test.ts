import { describe, expect, test } from 'vitest'
import { type ConfigurationError, demandTokenBeyondLoopback, readConfiguration } from './configuration.ts'
import { isLoopback } from './system/loopback.ts'

const read = (text: string, environment: Record<string, string> = {}) =>
  readConfiguration({ file: { path: 'perfmon.yaml', text }, environment })

test('without a file everything has its default', () => {
  expect(readConfiguration({ environment: {} })).toMatchObject({
    server: { host: '127.0.0.1', port: 8080 },
    otlp: { host: '127.0.0.1', port: 4318, max_body_mib: 20 },
    data: {
      dir: 'perfmon-data',
      retention: 30 * 86_400_000,
      retention_minutes: 90 * 86_400_000,
      retention_hours: 400 * 86_400_000,
      max_mib: 1_024,
    },
    notify: { console: true },
    poll: { agents: [], interval: 1_000 },
    token: undefined,
    logLevel: 'warn',
  })
})

test('the environment wins over the file', () => {
  const configuration = read('server: { port: 9000 }\notlp: { port: 9001 }', {
    PERFMON_PORT: '0',
    PERFMON_AGENTS: 'ws://127.0.0.1:3001/metrics, ws://127.0.0.1:3002/metrics',
    ALERT_WEBHOOK_URL: 'http://127.0.0.1:9099/',
  })
  expect(configuration).toMatchObject({
    server: { port: 0 },
    otlp: { port: 9_001 },
    poll: { agents: ['ws://127.0.0.1:3001/metrics', 'ws://127.0.0.1:3002/metrics'] },
    notify: { webhook: { url: 'http://127.0.0.1:9099/', timeout: 5_000 } },
  })
})

test('collectors are on, each at its interval', () => {
  const { collectors } = read(
    'collectors: { level: detailed, api: { enabled: false }, neural: { interval: 500ms } }',
  )
  expect(collectors).toEqual({
    level: 'detailed',
    system: { enabled: true, interval: 1_000 },
    api: { enabled: false, interval: 500 },
    swarm: { enabled: true, interval: 5_000 },
    neural: { enabled: true, interval: 500 },
    memory: { enabled: true, interval: 3_000 },
  })
})

test('the environment may name a range of ports', () => {
  const PERFMON_AGENTS = 'ws://localhost:300X/metrics, ws://127.0.0.1:4000-4099/metrics'
  expect(read('', { PERFMON_AGENTS }).poll.agents).toHaveLength(2)
  expect(() => read('', { PERFMON_AGENTS: 'ws://localhost:99999/' })).toThrow(/PERFMON_AGENTS.*1 to 65535/)
})

describe('a mistake is named with its place', () => {
  test.each([
    ['server: { prot: 1 }', 'perfmon.yaml', 1, 'unknown-key'],
    ['\nserver: { port: 99999 }', 'perfmon.yaml', 2, 'invalid-value'],
    ['poll:\n  agents: [http://x]', 'perfmon.yaml', 2, 'invalid-value'],
    ['data: { retention: 30 }', 'perfmon.yaml', 1, 'invalid-value'],
    ['poll:\n  agents: ["ws://a:3009-3000/"]', 'perfmon.yaml', 2, 'invalid-value'],
    ['discovery:\n  files:\n    - path: a.json\n      every: 5s', 'perfmon.yaml', 4, 'unknown-key'],
    ['discovery:\n  dns:\n    - { name: agents.example, type: A }', 'perfmon.yaml', 3, 'invalid-value'],
    ['discovery:\n  kubernetes:\n    - { port: vitals }', 'perfmon.yaml', 3, 'missing-key'],
    ['discovery:\n  self_registered: { allow: [everybody] }', 'perfmon.yaml', 2, 'invalid-value'],
    ['collectors:\n  systems: { interval: 1s }', 'perfmon.yaml', 2, 'unknown-key'],
    ['collectors:\n  system:\n    interval: 10ms', 'perfmon.yaml', 3, 'invalid-value'],
    ['collectors:\n  level: chatty', 'perfmon.yaml', 2, 'invalid-value'],
  ])('%j', (text, file, line, code) => {
    expect.assertions(1)
    try {
      read(text)
    } catch (error) {
      expect((error as ConfigurationError).mistakes[0]).toMatchObject({ file, line, code })
    }
  })

  test.each([
    ['PERFMON_PORT', 'eighty'],
    ['PERFMON_LOG_LEVEL', 'loud'],
    ['ALERT_WEBHOOK_URL', 'file:///etc/passwd'],
  ])('%s=%s', (name, value) => {
    expect(() => read('', { [name]: value })).toThrow(name)
  })
})

describe('who can reach it', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['localhost', true],
    ['::1', true],
    ['LocalHost', true],
    ['0.0.0.0', false],
    ['192.168.1.1', false],
    ['127.evil.example', false],
  ])('%s', (host, loopback) => expect(isLoopback(host)).toBe(loopback))

  test('beyond loopback there is no start without a token of some length', () => {
    const open = { PERFMON_HOST: '0.0.0.0' }
    expect(() => demandTokenBeyondLoopback(read('', open))).toThrow(/PERFMON_TOKEN/)
    expect(() => demandTokenBeyondLoopback(read('', { ...open, PERFMON_TOKEN: 'short' }))).toThrow(/16/)
    expect(() =>
      demandTokenBeyondLoopback(read('', { ...open, PERFMON_TOKEN: 'x'.repeat(32) })),
    ).not.toThrow()
  })
})

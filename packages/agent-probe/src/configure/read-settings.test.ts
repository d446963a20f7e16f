import { describe, expect, test } from 'vitest'
import { readSettings } from './read-settings.ts'

const read = (env: Record<string, string> = {}, script: string | undefined = '/agents/planner.js') =>
  readSettings({ env, script })
const settings = (env: Record<string, string> = {}) => read(env).settings

test('an empty environment needs nothing', () => {
  expect(read()).toEqual({
    warnings: [],
    settings: {
      anonymization: undefined,
      sampling: { mode: 'all', rate: { keepOneOf: 1, importantInFull: true } },
      budget: { cpuShare: 0.01, memoryBytes: 16e6 },
      url: 'http://127.0.0.1:4318/v1/metrics',
      protocol: 'http/protobuf',
      headers: {},
      tls: undefined,
      compression: 'none',
      timeoutMs: 10_000,
      intervalMs: 1000,
      idleIntervalMs: 5000,
      exitWaitMs: 250,
      temporality: 'cumulative',
      level: 'standard',
      hostMetrics: false,
      logLevel: 'warn',
      resource: { 'service.name': 'planner' },
      webSocket: undefined,
      dialOut: undefined,
      actions: { allowed: new Set(), profileDir: undefined },
    },
  })
})

test.each([
  [
    'a base address',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    'http://collector:4318/v1/metrics',
  ],
  ['a base with a path', { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x/otlp/' }, 'https://x/otlp/v1/metrics'],
  ['the metrics address as it is', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://x/in' }, 'http://x/in'],
  ['an empty value like none', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, 'http://127.0.0.1:4318/v1/metrics'],
])('the receiver: %s', (_title, env, url) => {
  expect(settings(env).url).toBe(url)
})

test('the metrics variables win over the general ones, ours over those', () => {
  expect(
    settings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://b/c',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '2',
      OTEL_METRIC_EXPORT_INTERVAL: '60000',
      PERFMON_INTERVAL_MS: '500',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,authorization=Basic%20eA==',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'A=2',
      PERFMON_TOKEN: 't',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=x,service.namespace=y,k=v%2C1',
      OTEL_SERVICE_NAME: 'z',
      PERFMON_SWARM: 's',
    }),
  ).toMatchObject({
    url: 'http://b/c',
    timeoutMs: 2,
    intervalMs: 500,
    headers: { a: '2', authorization: 'Basic eA==' },
    resource: { 'service.name': 'z', 'service.namespace': 's', k: 'v,1' },
  })
})

test('closed lists ignore case, and bytes are compressed only when they leave the machine', () => {
  expect(settings({ PERFMON_LEVEL: 'Detailed', OTEL_EXPORTER_OTLP_PROTOCOL: 'HTTP/JSON' })).toMatchObject({
    level: 'detailed',
    protocol: 'http/json',
  })
  for (const host of ['localhost', '[::1]', '127.9.9.9']) {
    expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}:4318` }).compression).toBe('none')
  }
  expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).compression).toBe('gzip')
  expect(settings({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'lowmemory' }).temporality).toBe(
    'delta',
  )
})

test.each([
  [{}, 1000, 5000],
  [{ PERFMON_INTERVAL_MS: '200' }, 200, 1000],
  [{ PERFMON_INTERVAL_MS: '3000' }, 3000, 5000],
  [{ PERFMON_INTERVAL_MS: '60000' }, 60_000, 60_000],
  [{ PERFMON_IDLE_INTERVAL_MS: '1000' }, 1000, 1000],
  [{ PERFMON_INTERVAL_MS: '2000', PERFMON_IDLE_INTERVAL_MS: '1000' }, 2000, 2000],
])('%o reports every %d ms, and every %d ms with nothing to tell', (env, intervalMs, idleIntervalMs) => {
  expect(settings(env as Record<string, string>)).toMatchObject({ intervalMs, idleIntervalMs })
})

describe('WebSocket', () => {
  test.each([
    ['0', { firstPort: 0, lastPort: 0 }],
    ['3000', { firstPort: 3000, lastPort: 3000 }],
    ['3000-3099', { firstPort: 3000, lastPort: 3099 }],
  ])('port %s', (PERFMON_WS_PORT, ports) => {
    expect(settings({ PERFMON_WS_PORT }).webSocket).toEqual({ host: '127.0.0.1', token: undefined, ...ports })
  })

  test('beyond this machine it takes a token', () => {
    const open = { PERFMON_WS_PORT: '0', PERFMON_WS_HOST: '0.0.0.0' }
    expect(read(open)).toMatchObject({ settings: { webSocket: undefined }, warnings: [/PERFMON_TOKEN/] })
    expect(settings({ ...open, PERFMON_TOKEN: 't' }).webSocket).toMatchObject({ host: '0.0.0.0', token: 't' })
  })
})

test.each([
  [{ PERFMON_INTERVAL_MS: '99' }, /^PERFMON_INTERVAL_MS="99" is not a whole number of milliseconds from 100/],
  [{ PERFMON_INTERVAL_MS: '1e999' }, /^PERFMON_INTERVAL_MS/],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /^OTEL_EXPORTER_OTLP_PROTOCOL="grpc" is not one of http\/protobuf/,
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    /^OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318" is not an http/,
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://u:secret@x' },
    /^OTEL_EXPORTER_OTLP_ENDPOINT="ftp:\/\/\*\*\*@x" is not/,
  ],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'authorization' }, /^OTEL_EXPORTER_OTLP_HEADERS is not a list such as/],
  [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=x%0d%0ab: y' }, /^OTEL_EXPORTER_OTLP_HEADERS is not a list such as/],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%E0%A4%A' }, /^OTEL_RESOURCE_ATTRIBUTES is not a list such as/],
  [{ OTEL_METRICS_EXPORTER: 'prometheus' }, /^OTEL_METRICS_EXPORTER="prometheus"/],
  [{ PERFMON_TOKEN: 'a\nb' }, /^PERFMON_TOKEN holds characters/],
  [{ PERFMON_WS_PORT: '3099-3000' }, /^PERFMON_WS_PORT="3099-3000" is not a port/],
  [{ PERFMON_WS_PORT: '70000' }, /^PERFMON_WS_PORT/],
  [{ PERFMON_LOG_LEVEL: 'loud' }, /^PERFMON_LOG_LEVEL="loud" is not one of .*; using warn$/],
])('%o is named in one warning, and leaves the default', (env, warning) => {
  const bad = read(env as unknown as Record<string, string>)
  expect(bad.warnings).toEqual([expect.stringMatching(warning)])
  expect(bad.settings).toEqual(settings())
  expect(bad.warnings.join()).not.toContain('secret')
})

import { fileURLToPath } from 'node:url'

/**
 * Who is measured. Each has Node options for the agent, its environment, and for the peers the npm packages, by
 * exact version, that are installed for the benchmark alone. Peers that report at an interval do so every second
 * where they can be told to, as the probe does, with traces and logs off: what is compared is metrics.
 */
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const probe = new URL('../../packages/agent-probe/dist/register.js', import.meta.url).href

const otel = {
  OTEL_METRIC_EXPORT_INTERVAL: '1000',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
}
const autoPackages = ['@opentelemetry/auto-instrumentations-node@0.82.0', '@opentelemetry/api@1.10.0']

export const contestants = [
  { name: 'none', format: 'cjs', options: () => [] },
  { name: 'none-again', format: 'cjs', options: () => [] },
  { name: 'empty --import', format: 'cjs', options: () => ['--import', here('./preloads/empty.mjs')] },
  { name: 'probe', format: 'cjs', options: () => ['--import', probe], sends: 'otlp' },
  {
    name: 'probe, AI off',
    format: 'cjs',
    options: () => ['--import', probe],
    env: { PERFMON_AI: 'off' },
    sends: 'otlp',
  },
  {
    name: 'probe, minimal',
    format: 'cjs',
    options: () => ['--import', probe],
    env: { PERFMON_LEVEL: 'minimal' },
    sends: 'otlp',
  },
  {
    name: 'probe, detailed',
    format: 'cjs',
    options: () => ['--import', probe],
    env: { PERFMON_LEVEL: 'detailed' },
    sends: 'otlp',
  },
  {
    name: 'prom-client',
    format: 'cjs',
    packages: ['prom-client@15.1.3'],
    options: () => ['--require', here('./preloads/prom-client.cjs')],
    sends: 'scrapes',
  },
  {
    name: 'otel sdk-node + host, runtime',
    format: 'cjs',
    packages: [
      '@opentelemetry/sdk-node@0.301.0',
      '@opentelemetry/api@1.10.0',
      '@opentelemetry/sdk-metrics@3.1.0',
      '@opentelemetry/exporter-metrics-otlp-http@0.301.0',
      '@opentelemetry/host-metrics@0.39.0',
      '@opentelemetry/instrumentation-http@0.301.0',
      '@opentelemetry/instrumentation-undici@0.34.0',
      '@opentelemetry/instrumentation-runtime-node@0.37.0',
    ],
    options: () => ['--require', here('./preloads/otel-sdk-node.cjs')],
    // Its host metrics start two programs per collection: every second would be unkind.
    env: { ...otel, OTEL_METRIC_EXPORT_INTERVAL: '10000' },
    sends: 'otlp',
  },
  {
    name: 'otel auto, CJS',
    format: 'cjs',
    packages: autoPackages,
    options: (modules) => ['--require', modules('@opentelemetry/auto-instrumentations-node/register')],
    env: otel,
    sends: 'otlp',
  },
  {
    name: 'otel auto, ESM loader',
    format: 'mjs',
    packages: autoPackages,
    options: (modules) => [
      '--no-warnings',
      '--experimental-loader',
      modules('@opentelemetry/instrumentation/hook.mjs'),
      '--require',
      modules('@opentelemetry/auto-instrumentations-node/register'),
    ],
    env: otel,
    sends: 'otlp',
  },
  {
    name: 'dd-trace, runtime metrics',
    format: 'cjs',
    packages: ['dd-trace@6.21.0'],
    options: (modules) => ['--require', modules('dd-trace/init')],
    env: { DD_RUNTIME_METRICS_ENABLED: 'true', DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false' },
    sends: 'datadog',
  },
  {
    name: 'elastic-apm-node',
    format: 'cjs',
    packages: ['elastic-apm-node@4.18.0'],
    options: (modules) => ['--require', modules('elastic-apm-node/start')],
    env: { ELASTIC_APM_METRICS_INTERVAL: '1s', ELASTIC_APM_LOG_LEVEL: 'off' },
    sends: 'elastic',
  },
]

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { obtainPackages } from '../ai-frameworks/obtain-packages.ts'
import { need } from '../component.ts'
import { runToEnd } from '../run-to-end.ts'
import { type RunningAggregator, startAggregator } from '../start-aggregator.ts'
import { stoppedAtEnd } from '../stopped-at-end.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { goSender, goSenderModules } from './go-sender.ts'
import { obtainGoProgram } from './obtain-go-program.ts'
import { obtainPython } from './obtain-python.ts'

// Real OpenTelemetry SDKs, unmodified, each with its own OTLP/HTTP exporter, against the aggregator as a user starts it.

const python = ['opentelemetry-sdk==1.45.2', 'opentelemetry-exporter-otlp-proto-http==1.45.2']
const file = (name: string) => fileURLToPath(new URL(`./agents/${name}`, import.meta.url))

const start = async () => stoppedAtEnd(startAggregator({ dataFolder: await temporaryFolder() }))

/** Ten counts of 3 and ten durations of 0.25 s, each known exactly once. */
async function expectAll(aggregator: RunningAggregator, instance: string, name: string) {
  expect((await aggregator.agents()).map(({ id, name: agent }) => [id, agent])).toEqual([[instance, name]])
  const series = await aggregator.seriesOf(instance)
  const last = async (metric: string, part: string) => {
    const found = series.filter((one) => one.metric === metric && one.part === part)
    expect(found, `${metric} ${part}`).toHaveLength(1)
    return (await aggregator.samplesOf(found[0]!.id)).values.at(-1)
  }
  expect(await last('sent.items', 'value')).toBe(30)
  expect(await last('sent.duration', 'count')).toBe(10)
  expect(await last('sent.duration', 'sum')).toBe(2.5)
}

const environment = (aggregator: RunningAggregator, more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: aggregator.otlpUrl,
  OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  ...more,
})

test.for([
  ['2.12', 'http', '1.9.1', '2.12.1', '0.223.0'],
  ['2.12', 'proto', '1.9.1', '2.12.1', '0.223.0'],
  ['3.1', 'http', '1.10.0', '3.1.1', '0.301.0'],
  ['3.1', 'proto', '1.10.0', '3.1.1', '0.301.0'],
] as const)(
  'the SDK %s for Node, exporter %s',
  async ([_line, encoding, api, stable, experimental], { skip }) => {
    const exporter = `@opentelemetry/exporter-metrics-otlp-${encoding}`
    const packages = await obtainPackages({
      '@opentelemetry/api': api,
      '@opentelemetry/sdk-metrics': stable,
      '@opentelemetry/resources': stable,
      [exporter]: experimental,
    })
    const { folder } = need(packages, skip)
    const aggregator = await start()
    const ended = await runToEnd(process.execPath, [file('node-sender.mjs'), 'node-1', encoding], {
      cwd: folder,
      env: environment(aggregator),
      timeoutMs: 60_000,
    })
    expect(ended).toEqual({ exitCode: 0, output: '' })
    await expectAll(aggregator, 'node-1', 'node-sender')
  },
)

test('the SDK for Python', async ({ skip }) => {
  const { python: interpreter } = need(await obtainPython(python), skip)
  const aggregator = await start()
  for (const temporality of ['cumulative', 'delta']) {
    const ended = await runToEnd(interpreter, [file('python-sender.py'), `python-${temporality}`], {
      env: environment(aggregator, { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: temporality }),
      timeoutMs: 60_000,
    })
    expect(ended).toEqual({ exitCode: 0, output: '' })
  }
  expect((await aggregator.agents()).map(({ id }) => id).sort()).toEqual([
    'python-cumulative',
    'python-delta',
  ])
})

test.for([
  ['1.36.0', 1, 2],
  ['1.45.2', 2, 2],
] as const)(
  'the SDK %s for Python makes %i attempts at 429 and %i at 503, which it hears instead',
  async ([version, at429, at503], { skip }) => {
    const packages = [`opentelemetry-sdk==${version}`, `opentelemetry-exporter-otlp-proto-http==${version}`]
    const { python: interpreter } = need(await obtainPython(packages), skip)
    for (const [status, wanted] of [
      [429, at429],
      [503, at503],
    ] as const) {
      let requests = 0
      let userAgent = ''
      const server = createServer((request, response) => {
        requests += 1
        userAgent = String(request.headers['user-agent'])
        request.resume()
        response.writeHead(requests === 1 ? status : 200, { 'retry-after': '1' }).end()
      })
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      onTestFinished(() => void server.close())
      await runToEnd(interpreter, [file('python-sender.py'), 'python'], {
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
        timeoutMs: 60_000,
      })
      expect([requests, userAgent]).toEqual([wanted, expect.stringMatching(/python/i)])
    }
  },
)

test('the SDK for Go', async ({ skip }) => {
  const sender = { name: 'go-sender', modules: goSenderModules, package: '.', files: goSender }
  const { path } = need(await obtainGoProgram(sender), skip)
  const aggregator = await start()
  const ended = await runToEnd(path, ['go-1'], { env: environment(aggregator), timeoutMs: 60_000 })
  expect(ended).toEqual({ exitCode: 0, output: '' })
  await expectAll(aggregator, 'go-1', 'go-sender')
})

test.for(['Gauge', 'Sum', 'Histogram', 'ExponentialHistogram'])(
  'telemetrygen: %s',
  async (type, { skip }) => {
    const obtained = await obtainGoProgram({
      name: 'telemetrygen',
      modules: ['github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0'],
      package: 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen',
      files: { 'go.mod': 'module perfmon.test/telemetrygen\n\ngo 1.24\n' },
    })
    const { path } = need(obtained, skip)
    const aggregator = await start()
    const endpoint = ['--otlp-http', '--otlp-insecure', '--otlp-endpoint', `127.0.0.1:${aggregator.otlpPort}`]
    const amount = ['--metrics', '20', '--rate', '0', '--metric-type', type, '--service', 'generated']
    const ended = await runToEnd(path, ['metrics', ...endpoint, ...amount], {
      timeoutMs: 60_000,
    })
    expect(ended.exitCode, ended.output).toBe(0)
    const agents = await aggregator.agents()
    expect(agents.map(({ name }) => name)).toEqual(['generated'])
    const series = await aggregator.seriesOf(agents[0]!.id)
    expect(series.some(({ metric }) => !metric.startsWith('perfmon.'))).toBe(true)
  },
)

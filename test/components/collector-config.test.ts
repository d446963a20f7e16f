import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { absentReceiver } from './absent-receiver.ts'
import { type Component, need } from './component.ts'
import { type CollectorBinaries, obtainCollector } from './obtain-collector.ts'
import { otlpGauge, postOtlp } from './otlp-gauge.ts'
import { runToEnd } from './run-to-end.ts'
import { collectorConfig, startCollector } from './start-collector.ts'
import { stoppedAtEnd } from './stopped-at-end.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

describe('otel-collector-config.yaml', () => {
  let collector: Component<CollectorBinaries>
  beforeAll(async () => {
    collector = await obtainCollector()
  })

  test('is valid for the real collector, without any variable set', async ({ skip }) => {
    const { otelcol } = need(collector, skip)
    const { exitCode, output } = await runToEnd(otelcol, ['validate', '--config', collectorConfig])
    expect(output).toBe('')
    expect(exitCode).toBe(0)
  })

  test('a misspelt option would have been found', async ({ skip }) => {
    const { otelcol } = need(collector, skip)
    const broken = join(await temporaryFolder(), 'broken.yaml')
    await writeFile(broken, (await readFile(collectorConfig, 'utf8')).replace('queue_size:', 'queue_sise:'))
    const { exitCode, output } = await runToEnd(otelcol, ['validate', '--config', broken])
    expect(output).toContain('queue_sise')
    expect(exitCode).not.toBe(0)
  })

  test('listens on loopback only unless told otherwise', async () => {
    const config = parse(await readFile(collectorConfig, 'utf8'))
    const { http, grpc } = config.receivers.otlp.protocols
    const { host } = config.service.telemetry.metrics.readers[0].pull.exporter.prometheus
    for (const listens of [http.endpoint, grpc.endpoint, config.extensions.health_check.endpoint, host]) {
      expect(listens).toMatch(/^\$\{env:PERFMON_\w+:-127\.0\.0\.1(:\d+)?\}$/)
    }
  })

  test('a Prometheus that is away neither refuses agents nor holds up the aggregator', async ({ skip }) => {
    const { otelcol } = need(collector, skip)
    const folder = await temporaryFolder()
    const aggregator = await countingAggregator()
    const overlay = join(folder, 'overlay.yaml')
    // JSON, so that the fake can count points; a queue so short that it would overflow at once.
    await writeFile(
      overlay,
      'exporters: { otlp_http/aggregator: { encoding: json, compression: none }, prometheus_remote_write: { remote_write_queue: { queue_size: 5 } } }',
    )
    const running = await stoppedAtEnd(
      startCollector({
        otelcol,
        queueFolder: join(folder, 'queue'),
        aggregatorUrl: aggregator.url,
        remoteWriteUrl: `${await absentReceiver()}/api/v1/write`,
        overlay,
      }),
    )
    for (let point = 0; point < 50; point += 1) {
      const body = otlpGauge('a', 'components.point', [{ timeMs: Date.now(), value: point }])
      expect(await postOtlp(running.otlpUrl, body)).toBe(true)
    }
    await until('the aggregator has every point', () => aggregator.points() === 50)
    const dropped = 'otelcol_exporter_send_failed_metric_points'
    await until('the loss is counted', async () => (await running.ownMetric(dropped, 'prometheus')) === 50)
  })
})

/** Takes OTLP/JSON and counts data points. */
async function countingAggregator() {
  let points = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    points += body.split('"timeUnixNano"').length - 1
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, points: () => points }
}

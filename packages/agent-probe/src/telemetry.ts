import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  DataPointType,
  MeterProvider,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { attributeNames } from '@perfmon/protocol/names'
import { createMetricCollector } from './collect/collect-metrics.ts'
import { createProbeAccount } from './collect/probe-account.ts'
import { createDeltaView } from './collect/to-delta.ts'
import { readSettings, type Settings } from './configure/read-settings.ts'
import type { AgentExit } from './exit/agent-exit.ts'
import { flushInWorker } from './exit/flush-in-worker.ts'
import type { HookGuard } from './hook-guard.ts'
import { probeVersion } from './probe-version.ts'
import type { Recordings } from './record/recordings.ts'
import { chooseSerializer, createExporter } from './send/create-exporter.ts'
import { createTransport } from './send/create-transport.ts'
import { DeliveryError } from './send/delivery-error.ts'
import { createDeliveryLog } from './send/delivery-log.ts'
import { ReportReader } from './send/report-reader.ts'
import { startWebSocket } from './start-web-socket.ts'
import { createWriteLine } from './write-line.ts'

export interface Telemetry {
  /** Begins to report at the interval. */
  start(): Promise<void>
  /** Sends the last report and waits for it, blocking, for at most a quarter of a second. */
  flush(exit: AgentExit): void
}

const scope = { name: '@perfmon/agent-probe', version: probeVersion }

const describeResource = (settings: Settings) => ({
  [attributeNames.serviceInstanceId]: randomUUID(),
  [attributeNames.hostName]: hostname(),
  ...settings.resource,
  [attributeNames.processPid]: process.pid,
  'process.runtime.name': 'nodejs',
  'process.runtime.version': process.versions.node,
  'telemetry.sdk.name': 'opentelemetry',
  'telemetry.sdk.language': 'nodejs',
  'telemetry.sdk.version': '3.1.0',
  'telemetry.distro.name': 'perfmon',
  'telemetry.distro.version': probeVersion,
  [attributeNames.reportInterval]: settings.intervalMs,
})

/** Sums and histograms are contained in the next report; only gauges are gone with a lost one. */
const gaugePoints = ({ scopeMetrics }: ResourceMetrics): number =>
  scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .filter(({ dataPointType }) => dataPointType === DataPointType.GAUGE)
    .reduce((points, { dataPoints }) => points + dataPoints.length, 0)

/** Wires the report's journey: settings, collection, the OpenTelemetry SDK, the receiver. */
export const createTelemetry = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): Telemetry => {
  const now = Date.now
  const { settings, warnings } = readSettings({ env: process.env, script: process.argv[1] })
  const writeLine = createWriteLine(settings.logLevel)
  for (const warning of warnings) writeLine('warn', `${warning}.`)

  const account = createProbeAccount()
  const log = createDeliveryLog({ url: settings.url, writeLine })
  const delta = settings.temporality === 'delta' ? createDeltaView() : undefined
  const collector = createMetricCollector({
    recordings,
    guard,
    account,
    level: settings.level,
    startedAtMs: performance.timeOrigin,
    now,
  })
  const collect = (exit?: AgentExit): MetricData[] => {
    const metrics = collector.collect(exit)
    return delta ? delta.apply(metrics) : metrics
  }

  const attributes = describeResource(settings)
  let resource = resourceFromAttributes(attributes)

  const settled = (report: ResourceMetrics, error: unknown) => {
    if (error === undefined) {
      delta?.arrived()
      log.delivered()
      return
    }
    const failure = error instanceof DeliveryError ? error : new DeliveryError('unreachable', String(error))
    account.drop(failure.reason, gaugePoints(report))
    log.failed(failure)
  }

  return {
    async start() {
      const url = await startWebSocket({
        settings,
        recordings,
        writeLine,
        vitals: collector.vitals,
        attributes,
      })
      if (url !== undefined) {
        resource = resourceFromAttributes({ ...attributes, [attributeNames.agentWebSocketUrl]: url })
      }
      const transport = createTransport({ settings, own: recordings.own, account, now })
      const exporter = createExporter({
        settings,
        transport,
        rejected: (points) => account.drop('rejected', points),
      })
      const charged = { ...exporter, export: exporter.export.bind(exporter) }
      const reader = new ReportReader({
        exporter: {
          ...charged,
          forceFlush: () => exporter.forceFlush(),
          shutdown: () => exporter.shutdown(),
          export: (report, done) => account.charge(() => exporter.export(report, done)),
        },
        producer: {
          collect: async () => ({
            resourceMetrics: { resource, scopeMetrics: [{ scope, metrics: collect() }] },
            errors: [],
          }),
        },
        intervalMs: settings.intervalMs,
        settled: (report, outcome) => settled(report, outcome.delivered ? undefined : outcome.error),
      })
      // Private: a provider registered globally with our copy of the API would shut out the agent's own.
      new MeterProvider({ resource, readers: [reader] })
    },
    flush(exit) {
      const report = { resource, scopeMetrics: [{ scope, metrics: collect(exit) }] }
      const body = chooseSerializer(settings.protocol).serializeRequest(report)
      if (body === undefined) return
      const outcome = flushInWorker({ settings, body })
      if (outcome !== undefined) log.failed(new DeliveryError('unreachable', outcome))
    },
  }
}

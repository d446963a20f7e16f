import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Attributes, ObservableResult } from '@opentelemetry/api'
import { metrics } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { NodeSDK } from '@opentelemetry/sdk-node'

/** What a number of the aggregator itself is called, and how it is read when somebody asks for `/metrics`. */
export interface SelfMetric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly kind: 'counter' | 'gauge'
  /** Current values; counters since the start of the process. */
  read(): readonly { readonly value: number; readonly attributes?: Attributes }[]
}

export interface SelfTelemetry {
  observe(metric: SelfMetric): void
  /** Answers `GET /metrics` in the Prometheus text format. */
  handleScrape(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

/**
 * The aggregator's own telemetry through the OpenTelemetry Node SDK: scraped at `/metrics`, and pushed too
 * when `OTEL_EXPORTER_OTLP_ENDPOINT` names a receiver and `OTEL_METRICS_EXPORTER` asks for it. Numbers are
 * read when somebody asks, so counting costs the hot path an addition and nothing else.
 */
export function startSelfTelemetry(version: string): SelfTelemetry {
  // The exporter's own listener stays off: /metrics is served with the rest of the API.
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const sdk = new NodeSDK({
    serviceName: 'perfmon-aggregator',
    metricReaders: [exporter],
    autoDetectResources: false,
    instrumentations: [],
    spanProcessors: [],
    logRecordProcessors: [],
  })
  sdk.start()
  const meter = metrics.getMeter('@perfmon/aggregator', version)
  return {
    observe({ name, unit, description, kind, read }) {
      const instrument =
        kind === 'counter'
          ? meter.createObservableCounter(name, { unit, description })
          : meter.createObservableGauge(name, { unit, description })
      instrument.addCallback((result: ObservableResult) => {
        for (const { value, attributes } of read()) result.observe(value, attributes)
      })
    },
    handleScrape: (request, response) => exporter.getMetricsRequestHandler(request, response),
    close: () => sdk.shutdown(),
  }
}

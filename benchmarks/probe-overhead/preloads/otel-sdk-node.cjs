/** What a user of OpenTelemetry's SDK writes who wants metrics of the host, the runtime and HTTP. */
const { createRequire } = require('node:module')
const peer = createRequire(`${process.env.PEER_FOLDER}/index.js`)
const { NodeSDK } = peer('@opentelemetry/sdk-node')
const { OTLPMetricExporter } = peer('@opentelemetry/exporter-metrics-otlp-http')
const { PeriodicExportingMetricReader } = peer('@opentelemetry/sdk-metrics')
const { HttpInstrumentation } = peer('@opentelemetry/instrumentation-http')
const { UndiciInstrumentation } = peer('@opentelemetry/instrumentation-undici')
const { RuntimeNodeInstrumentation } = peer('@opentelemetry/instrumentation-runtime-node')
const { HostMetrics } = peer('@opentelemetry/host-metrics')

const exportIntervalMillis = Number(process.env.OTEL_METRIC_EXPORT_INTERVAL)
new NodeSDK({
  metricReaders: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis,
      exportTimeoutMillis: exportIntervalMillis,
    }),
  ],
  instrumentations: [
    new HttpInstrumentation(),
    new UndiciInstrumentation(),
    new RuntimeNodeInstrumentation(),
  ],
}).start()
new HostMetrics().start()

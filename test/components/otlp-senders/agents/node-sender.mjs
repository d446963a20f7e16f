// Run in a folder that has the packages: node node-sender.mjs INSTANCE http|proto
import { createRequire } from 'node:module'
import { join } from 'node:path'

const fromFolder = createRequire(join(process.cwd(), 'package.json'))
const [, , instance, encoding] = process.argv
const { MeterProvider, PeriodicExportingMetricReader } = fromFolder('@opentelemetry/sdk-metrics')
const { OTLPMetricExporter } = fromFolder(`@opentelemetry/exporter-metrics-otlp-${encoding}`)
const { resourceFromAttributes } = fromFolder('@opentelemetry/resources')

const resource = resourceFromAttributes({ 'service.name': 'node-sender', 'service.instance.id': instance })
const provider = new MeterProvider({
  resource,
  readers: [
    new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: 60_000 }),
  ],
})
const meter = provider.getMeter('sender')
const counter = meter.createCounter('sent.items')
const histogram = meter.createHistogram('sent.duration', { unit: 's' })
for (let round = 0; round < 10; round++) {
  counter.add(3, { kind: 'a' })
  histogram.record(0.25)
}
await provider.shutdown()

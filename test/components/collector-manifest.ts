/**
 * The newest release of which the Go module proxy had every module when this was written (file_storage was
 * the one missing from 0.162 to 0.164). The compose file pins the image of the same version.
 */
export const collectorVersion = '0.161.0'

const providerVersion = '1.67.0'
const core = 'go.opentelemetry.io/collector'
const contrib = 'github.com/open-telemetry/opentelemetry-collector-contrib'

/** The module that builds a collector out of a manifest. */
export const builderModule = `${core}/cmd/builder@v${collectorVersion}`

/** Only what `otel-collector-config.yaml` names: each further component costs half a minute of build. */
export function collectorManifest(outputFolder: string): string {
  return `dist:
  name: otelcol
  description: OpenTelemetry Collector for Perfmon's tests
  version: ${collectorVersion}
  module: perfmon.test/otelcol
  output_path: ${JSON.stringify(outputFolder)}
receivers:
  - gomod: ${core}/receiver/otlpreceiver v${collectorVersion}
processors:
  - gomod: ${core}/processor/memorylimiterprocessor v${collectorVersion}
  - gomod: ${contrib}/processor/deltatocumulativeprocessor v${collectorVersion}
exporters:
  - gomod: ${core}/exporter/otlphttpexporter v${collectorVersion}
  - gomod: ${contrib}/exporter/prometheusremotewriteexporter v${collectorVersion}
extensions:
  - gomod: ${contrib}/extension/storage/filestorage v${collectorVersion}
  - gomod: ${contrib}/extension/healthcheckextension v${collectorVersion}
providers:
  - gomod: ${core}/confmap/provider/envprovider v${providerVersion}
  - gomod: ${core}/confmap/provider/fileprovider v${providerVersion}
`
}

import { OTLPMetricExporterBase } from '@opentelemetry/exporter-metrics-otlp-http'
import {
  createOtlpNetworkExportDelegate,
  ExporterMetrics,
  type IExporterTransport,
} from '@opentelemetry/otlp-exporter-base'
import {
  type IExportMetricsServiceResponse,
  type ISerializer,
  JsonMetricsSerializer,
  MetricsExporterMetricsHelper,
  ProtobufMetricsSerializer,
} from '@opentelemetry/otlp-transformer'
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { ProbeAccount } from '../collect/probe-account.ts'
import type { Settings } from '../configure/read-settings.ts'

export type MetricsSerializer = ISerializer<ResourceMetrics, IExportMetricsServiceResponse>

export const chooseSerializer = (protocol: Settings['protocol']): MetricsSerializer =>
  protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer

/** OpenTelemetry's exporter over our transport. Points that the receiver rejects are counted. */
export const createExporter = ({
  settings,
  transport,
  account,
}: {
  settings: Settings
  transport: IExporterTransport
  account: ProbeAccount
}): PushMetricExporter => {
  const serializer = chooseSerializer(settings.protocol)
  const listening: MetricsSerializer = {
    serializeRequest: serializer.serializeRequest,
    deserializeResponse(bytes) {
      // Empty is full success: nearly always.
      if (bytes.length <= 2) return {}
      const response = serializer.deserializeResponse(bytes)
      account.drop('rejected', Number(response.partialSuccess?.rejectedDataPoints ?? 0))
      return {}
    },
  }
  const delegate = createOtlpNetworkExportDelegate(
    { timeoutMillis: settings.timeoutMs, concurrencyLimit: 2, compression: settings.compression },
    listening,
    new ExporterMetrics<ResourceMetrics>({
      componentType: 'otlp_http_metric_exporter',
      metricsHelper: MetricsExporterMetricsHelper,
      url: settings.url,
      meterProvider: undefined,
      responseAttributesFromError: () => ({}),
    }),
    transport,
  )
  return new OTLPMetricExporterBase(delegate, {})
}

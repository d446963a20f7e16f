type Kind = 'text' | 'number' | 'switch' | 'list' | 'pairs'

/**
 * Every setting of the configuration file: its name there, the variable that it stands for, and what it must be.
 * A `switch` is true or false; `pairs` an object of texts. What a value means is checked where the variable is read.
 */
export const configKeys: Readonly<Record<string, { readonly variable: string; readonly kind: Kind }>> = {
  disabled: { variable: 'PERFMON_DISABLED', kind: 'switch' },
  endpoint: { variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', kind: 'text' },
  metricsEndpoint: { variable: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', kind: 'text' },
  protocol: { variable: 'OTEL_EXPORTER_OTLP_PROTOCOL', kind: 'text' },
  headers: { variable: 'OTEL_EXPORTER_OTLP_HEADERS', kind: 'pairs' },
  compression: { variable: 'OTEL_EXPORTER_OTLP_COMPRESSION', kind: 'text' },
  timeoutMs: { variable: 'OTEL_EXPORTER_OTLP_TIMEOUT', kind: 'number' },
  temporality: { variable: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', kind: 'text' },
  certificate: { variable: 'OTEL_EXPORTER_OTLP_CERTIFICATE', kind: 'text' },
  clientCertificate: { variable: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', kind: 'text' },
  clientKey: { variable: 'OTEL_EXPORTER_OTLP_CLIENT_KEY', kind: 'text' },
  serviceName: { variable: 'OTEL_SERVICE_NAME', kind: 'text' },
  resourceAttributes: { variable: 'OTEL_RESOURCE_ATTRIBUTES', kind: 'pairs' },
  swarm: { variable: 'PERFMON_SWARM', kind: 'text' },
  token: { variable: 'PERFMON_TOKEN', kind: 'text' },
  ai: { variable: 'PERFMON_AI', kind: 'switch' },
  prices: { variable: 'PERFMON_PRICES', kind: 'text' },
  propagate: { variable: 'PERFMON_PROPAGATE', kind: 'list' },
  level: { variable: 'PERFMON_LEVEL', kind: 'text' },
  disabledSources: { variable: 'PERFMON_DISABLED_SOURCES', kind: 'list' },
  hostMetrics: { variable: 'PERFMON_HOST_METRICS', kind: 'switch' },
  intervalMs: { variable: 'PERFMON_INTERVAL_MS', kind: 'number' },
  idleIntervalMs: { variable: 'PERFMON_IDLE_INTERVAL_MS', kind: 'number' },
  exitWaitMs: { variable: 'PERFMON_EXIT_WAIT_MS', kind: 'number' },
  logLevel: { variable: 'PERFMON_LOG_LEVEL', kind: 'text' },
  maxCpuPercent: { variable: 'PERFMON_MAX_CPU_PERCENT', kind: 'number' },
  anonymize: { variable: 'PERFMON_ANONYMIZE', kind: 'text' },
  anonymizeKey: { variable: 'PERFMON_ANONYMIZE_KEY', kind: 'text' },
  sampling: { variable: 'PERFMON_SAMPLING', kind: 'text' },
  maxMemoryMb: { variable: 'PERFMON_MAX_MEMORY_MB', kind: 'number' },
  aggregatorUrl: { variable: 'PERFMON_AGGREGATOR_URL', kind: 'text' },
  allowActions: { variable: 'PERFMON_ALLOW_ACTIONS', kind: 'list' },
  profileDir: { variable: 'PERFMON_PROFILE_DIR', kind: 'text' },
  'webSocket.port': { variable: 'PERFMON_WS_PORT', kind: 'text' },
  'webSocket.host': { variable: 'PERFMON_WS_HOST', kind: 'text' },
}

/** What is expected, for a message. */
export const kindNames: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  switch: 'true or false',
  list: 'a list of texts',
  pairs: 'an object of texts',
}

/** A value of the file as the variable would hold it; `undefined` when it is of another kind. */
export const asVariable = (kind: Kind, value: unknown): string | undefined => {
  const isText = (part: unknown): part is string => typeof part === 'string'
  switch (kind) {
    case 'text':
      // A port is a number to most people, and a version may be one.
      return isText(value) || typeof value === 'number' ? String(value) : undefined
    case 'number':
      return typeof value === 'number' ? String(value) : undefined
    case 'switch':
      return typeof value === 'boolean' ? (value ? 'on' : 'off') : undefined
    case 'list':
      return Array.isArray(value) && value.every(isText) ? value.join(',') : undefined
    case 'pairs':
      if (typeof value !== 'object' || value === null || !Object.values(value).every(isText)) return undefined
      return Object.entries(value)
        .map(([name, text]) => `${name}=${encodeURIComponent(text)}`)
        .join(',')
  }
}

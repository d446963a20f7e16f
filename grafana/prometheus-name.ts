/** How the units that Perfmon uses are spelt in Prometheus names. */
const unitNames: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', '1': 'ratio' }

/**
 * Prometheus name of an OpenTelemetry metric, as the collector's remote write and Prometheus's own OTLP
 * endpoint both spell it: underscores for dots, then the unit, then `total` for counters. Units in braces
 * (`{request}`) are annotations and leave no trace; `1` is `ratio` for gauges only.
 * Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".
 */
export function prometheusName(metric: string, kind: 'gauge' | 'counter' | 'histogram', unit = ''): string {
  const unitName = unit === '1' && kind !== 'gauge' ? undefined : unitNames[unit]
  const words = [metric.replaceAll(/[^A-Za-z0-9]+/g, '_'), unitName, kind === 'counter' ? 'total' : undefined]
  return words.filter((word) => word !== undefined).join('_')
}

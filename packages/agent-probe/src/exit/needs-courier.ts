/** A plain address in numbers, as an unset variable is. */
const numeric = /^\s*(http:\/\/([\d.]+|\[[\da-f:.]+\])([:/].*)?)?$/i

/**
 * Whether the last report surely needs a thread: its receiver has a name to be looked up, or wants TLS. Answered
 * before the settings are read, so that the thread can start meanwhile; a wrong answer only costs time.
 */
export const needsCourier = (env: Readonly<Record<string, string | undefined>>): boolean =>
  process.platform !== 'linux' ||
  !numeric.test(env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || '')

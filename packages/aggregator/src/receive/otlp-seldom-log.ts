/** What the OTLP server needs of a logger; pino's fits. */
export interface OtlpLogger {
  warn(fields: object, message: string): void
}

const everyMs = 10_000

/**
 * Logs the first of a kind and then at most one in ten seconds, with the number left out: a sender that is
 * refused is refused again every second, and its owner needs one line. `kind` comes from a closed list.
 */
export function createSeldomLog(logger: OtlpLogger, nowMs: () => number) {
  const kinds = new Map<string, { loggedMs: number; leftOut: number }>()
  return function warnSeldom(kind: string, fields: object, message: string): void {
    const last = kinds.get(kind)
    const now = nowMs()
    if (last !== undefined && now - last.loggedMs < everyMs) {
      last.leftOut += 1
      return
    }
    kinds.set(kind, { loggedMs: now, leftOut: 0 })
    logger.warn({ ...fields, ...(last && last.leftOut > 0 && { leftOut: last.leftOut }) }, message)
  }
}

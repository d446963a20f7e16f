import pino, { type Logger } from 'pino'

export type { Logger }

export interface LoggerOptions {
  /** pino level, or `silent`. */
  readonly level: string
}

/** Structured log lines on stderr: stdout belongs to what a command was asked for. Secrets are cut out by key. */
export function createLogger({ level }: LoggerOptions): Logger {
  return pino(
    {
      name: 'perfmon',
      level,
      redact: { paths: ['token', '*.token', '*.authorization', 'headers.authorization'], censor: '[secret]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ fd: 2, sync: false }),
  )
}

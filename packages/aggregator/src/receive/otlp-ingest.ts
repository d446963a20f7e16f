import type { MetricSink, RecordSink } from '@perfmon/core'

/** What the OTLP server asks of whoever takes in the points. */
export interface OtlpIngest {
  /**
   * Calls `decode` once with a sink of its own; what it gives back is walked to its end, with pauses for others. Resolves when all that could be used is durable. Rejects
   * with MalformedBody as `decode` threw it, with an {@link OtlpOverload} when the sender should try again
   * later, and with anything else when storing failed; in all three nothing of the request was kept.
   */
  accept(decode: (sink: MetricSink) => Iterator<void> | void): Promise<{
    readonly rejectedPoints: number
    /** For the sender's log. With nothing rejected it is a warning. */
    readonly message?: string
  }>
  /** The same for a request of logs or traces; `rejectedPoints` are records. */
  acceptRecords(
    signal: 'logs' | 'traces',
    decode: (sink: RecordSink) => void,
  ): Promise<{ readonly rejectedPoints: number; readonly message?: string }>
}

export interface OtlpOverload {
  /** `unavailable`: not the sender's doing; a full disk. */
  readonly code: 'overloaded' | 'unavailable'
  readonly retryAfterSeconds: number
}

export const isOtlpOverload = (error: unknown): error is OtlpOverload =>
  typeof error === 'object' &&
  error !== null &&
  ['overloaded', 'unavailable'].includes((error as Partial<OtlpOverload>).code ?? '') &&
  'retryAfterSeconds' in error

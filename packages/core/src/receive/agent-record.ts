import type { AttributeList } from './metric-sink.ts'

/** A log record or a span, as far as numbers about agents can be told from it. */
export interface AgentRecord {
  /** Name of the event or of the span. */
  readonly name: string
  /** A log's text when it is short: some senders write the event's name there. Empty for spans. */
  readonly body: string
  readonly attributes: AttributeList
  /** Unix milliseconds: when the event was, or when the span ended. */
  readonly timeMs: number
  /** How long a span took; NaN for events. */
  readonly durationMs: number
  /** The span's status is an error. */
  readonly isError: boolean
}

/** Hears an OTLP logs or traces request: a resource, then its records. */
export interface RecordSink {
  resource(attributes: AttributeList): void
  record(record: AgentRecord): void
}

/** Longest text that can be an event's name; longer ones are what somebody said, and are not read. */
export const longestEventName = 128

import type { Agent, Alert, AlertState, Event, NewEvent, SampleColumns, Series } from '@perfmon/protocol'
import type { StoreQueries } from './query/query.ts'

/** What the receive stage hands over in one go: the series it met for the first time, and their samples. */
export interface SampleBatch extends SampleColumns {
  readonly newSeries: readonly Series[]
  /**
   * Samples older than the newest of their series, in any order: history, of which listeners need take no notice.
   * One at the time of a stored sample takes its place for every reader.
   */
  readonly late?: SampleColumns
}

export interface SampleRange {
  readonly timesMs: Float64Array
  readonly values: Float64Array
}

/** What is stored at and before given times of given series, one entry for each. */
export interface LocatedSamples {
  /** 1 where the series has a sample at exactly that time. */
  readonly isKnown: Uint8Array
  /** Value of the newest sample before that time; NaN where there is none, and where `isKnown`. */
  readonly valuesBefore: Float64Array
}

/** A notification on its way to one channel. `key` is the idempotency key: (event, channel), never repeated. */
export interface Delivery {
  readonly key: string
  readonly channel: string
  readonly eventSeq: number
  readonly state: 'waiting' | 'sent' | 'refused'
  readonly attempts: number
  readonly nextAttemptMs: number
  readonly lastError: string | null
}

/** What a store finds when it opens: enough for every stage to go on where it was. */
export interface StoredState {
  readonly series: readonly Series[]
  /** Last sample of each series, indexed by series id; NaN where a series has none. */
  readonly lastTimesMs: Float64Array
  readonly lastValues: Float64Array
  readonly agents: readonly Agent[]
  /** Pending and active alerts. */
  readonly openAlerts: readonly Alert[]
  /** `seq` of the newest event, 0 when there is none. */
  readonly lastEventSeq: number
}

export interface StoreStats {
  readonly bytes: number
  /** Rows of samples that are not in blocks yet. */
  readonly chunks: number
  readonly blocks: number
  readonly events: number
  /** Requests to the store that wait for their answer. */
  readonly queued: number
  /** Batches refused since the start because too many bytes waited for the disk. */
  readonly overloaded: number
  /** Since when the disk refuses what is written; null while it does not. What is stored can be read all the time. */
  readonly readOnlySinceMs: number | null
  /** Samples left out since the start because their series already had one as new or newer. */
  readonly outOfOrder: number
}

/**
 * Where the stages meet. Every table has one writer: `receive` appends samples and saves agents, `evaluate`
 * records alerts, `notify` moves deliveries; all of them append events.
 *
 * A returned promise resolves when what was given is durable: it survives the process being killed, and the
 * machine losing power. It rejects with a {@link StoreError} when the disk refuses; nothing was kept then.
 */
export interface Store {
  readonly stored: StoredState

  /**
   * Durable all together, then handed to every {@link onSamples} listener, in order. A batch that is refused takes
   * with it those that were handed over after it and have no answer yet: their running totals build on its own.
   */
  appendSamples(batch: SampleBatch): Promise<void>
  /** Samples of one series with `fromMs <= time < toMs`, ascending, at most `limit` (the newest are kept). */
  readSamples(seriesId: number, fromMs: number, toMs: number, limit: number): Promise<SampleRange>
  /** Looks samples up, among all that was appended before. Columns of the same length, some thousand at most. */
  locateSamples(seriesIds: Uint32Array, timesMs: Float64Array): Promise<LocatedSamples>
  onSamples(listener: (batch: SampleBatch) => void): void

  /** Inserts or replaces by id, and appends the events in the same transaction. */
  saveAgents(agents: readonly Agent[], events: readonly NewEvent[]): Promise<void>
  /** Inserts or replaces by id, and appends the events in the same transaction. */
  recordAlerts(alerts: readonly Alert[], events: readonly NewEvent[]): Promise<void>
  /** Newest first by `updatedAtMs`. */
  listAlerts(states: readonly AlertState[], limit: number): Promise<Alert[]>

  appendEvents(events: readonly NewEvent[]): Promise<void>
  /** Events with `seq > afterSeq`, ascending, at most `limit`. */
  readEvents(afterSeq: number, limit: number): Promise<Event[]>
  /** Woken after events became durable. Says nothing of which: read them from a cursor. */
  onEvents(listener: () => void): void

  /** Last event `seq` a reader has dealt with; 0 before its first. */
  readCursor(reader: string): Promise<number>
  /** Moves a reader's cursor and stores its new deliveries in the same transaction; known keys are left as they are. */
  enqueueDeliveries(reader: string, cursor: number, deliveries: readonly Delivery[]): Promise<void>
  /** Waiting deliveries of one channel, due or not, oldest event first. */
  waitingDeliveries(channel: string, limit: number): Promise<Delivery[]>
  /** Names of the channels for which a delivery waits. */
  waitingChannels(): Promise<string[]>
  /** One event by `seq`, null when retention removed it. */
  readEvent(seq: number): Promise<Event | null>
  updateDelivery(delivery: Delivery): Promise<void>

  readonly queries: StoreQueries

  stats(): Promise<StoreStats>
  /** Writes what is buffered, closes files. Later calls of anything else reject; closing again changes nothing. */
  close(): Promise<void>
}

/**
 * `code` is stable. `locked`: another aggregator uses the directory; `disk-full`, `unwritable`, `damaged`: the
 * disk's say; `overloaded`: too much waits for the disk already, try again a little later; `newer-schema`: a newer Perfmon wrote
 * the directory.
 */
export class StoreError extends Error {
  readonly code:
    | 'locked'
    | 'disk-full'
    | 'unwritable'
    | 'damaged'
    | 'overloaded'
    | 'closed'
    | 'failed'
    | 'newer-schema'
  constructor(code: StoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

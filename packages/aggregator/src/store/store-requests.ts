import type { Agent, Alert, AlertState, Event, NewEvent } from '@perfmon/protocol'
import type { PendingColumns } from './samples/pending-columns.ts'
import type { Delivery, LocatedSamples, SampleRange, StoredState, StoreError, StoreStats } from './store.ts'

/** What the worker does, by name: arguments and answer are copied between the threads. */
export interface StoreOperations {
  /** A batch as packBatch makes it. `epoch`: how many refusals the sender had heard of when it sent it. */
  append(batch: ArrayBuffer, epoch: number): void
  readSamples(seriesId: number, fromMs: number, toMs: number, limit: number): SampleRange
  locateSamples(seriesIds: Uint32Array, timesMs: Float64Array): LocatedSamples
  /** What of these series is not in the database yet. */
  pendingSamples(seriesIds: Uint32Array, fromMs: number, toMs: number): PendingColumns
  /** Writes new series into the database before their first checkpoint: a query must find them. */
  writeNewSeries(): void

  saveAgents(agents: readonly Agent[], events: readonly NewEvent[]): void
  recordAlerts(alerts: readonly Alert[], events: readonly NewEvent[]): void
  listAlerts(states: readonly AlertState[], limit: number): Alert[]
  appendEvents(events: readonly NewEvent[]): void
  readEvents(afterSeq: number, limit: number): Event[]
  readEvent(seq: number): Event | null
  readCursor(reader: string): number
  enqueueDeliveries(reader: string, cursor: number, deliveries: readonly Delivery[]): void
  waitingDeliveries(channel: string, limit: number): Delivery[]
  waitingChannels(): string[]
  updateDelivery(delivery: Delivery): void

  stats(): WorkerStats
  /** Writes pending samples into chunks, then removes what is older than the bounds allow. */
  checkpoint(nowMs: number): void
  close(nowMs: number): void
}

export type WorkerStats = Omit<StoreStats, 'queued' | 'overloaded' | 'readOnlySinceMs'>

export type OperationName = keyof StoreOperations

export type StoreRequest = {
  [Name in OperationName]: {
    readonly id: number
    readonly name: Name
    readonly args: Parameters<StoreOperations[Name]>
  }
}[OperationName]

/** Errors travel as plain objects: a StoreError would arrive as an Error without its code. */
export interface PlainError {
  readonly code: StoreError['code']
  readonly message: string
}

export type WorkerMessage =
  | { readonly kind: 'opened'; readonly stored: StoredState }
  | { readonly kind: 'not-opened'; readonly error: PlainError }
  | { readonly kind: 'answer'; readonly id: number; readonly result?: unknown; readonly error?: PlainError }
  | { readonly kind: 'warning'; readonly message: string; readonly details: Record<string, unknown> }

/** What a worker is started with. */
export interface WorkerOptions {
  readonly dir: string
  readonly nowMs: number
  readonly retentionDays: number
  readonly retentionMinuteDays: number
  readonly retentionHourDays: number
  readonly retentionBytes: number
  readonly checkpointBytes: number
}

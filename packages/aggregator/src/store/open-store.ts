import type { Event } from '@perfmon/protocol'
import { createDiskState } from './disk-state.ts'
import { packBatch } from './journal/record.ts'
import { createQueryThread } from './query/query-thread.ts'
import { startWorker } from './start-worker.ts'
import type { StoredState } from './store.ts'
import { type SampleBatch, type Store, StoreError } from './store.ts'
import type {
  OperationName,
  StoreOperations,
  WorkerMessage,
  WorkerOptions,
  WorkerStats,
} from './store-requests.ts'

export interface StoreRetention {
  /** Of samples as they came, of events and resolved alerts, and of agents not heard of. */
  readonly days: number
  /** Of roll-ups by the minute and by the hour. Default: as `days`; never less. */
  readonly minuteDays?: number
  readonly hourDays?: number
  /** What all files together may take. */
  readonly bytes: number
}

export interface StoreOptions {
  /** Made with mode 0700 when it is missing. One aggregator at a time. */
  readonly dir: string
  readonly nowMs: () => number
  readonly retention: StoreRetention
  /** Hears what an operator must know and the store goes on without: a damaged file, a full disk. */
  readonly warn: (message: string, details: Record<string, unknown>) => void
  /** How often samples move from the journal into chunks. Default 120,000. */
  readonly checkpointEveryMs?: number
  /** Journal size that moves them earlier. Default 64 MiB, and at most an eighth of `retention.bytes`. */
  readonly checkpointBytes?: number
  /** Batches that wait for the disk may have so many bytes; then appends are refused as `overloaded`. Default 64 MiB. */
  readonly maxWaitingBytes?: number
}

/** The store with one verb more, for those who cannot wait for the clock. */
export interface EmbeddedStore extends Store {
  checkpoint(): Promise<void>
}

const mebibyte = 2 ** 20
/** Other requests that may wait: they are small, and come from stages that wait for their answers. */
const maxWaitingRequests = 10_000

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: StoreError) => void
}

/**
 * Opens the embedded store: a thread with SQLite and a journal in `dir`. This side only copies: it never waits
 * for the disk. Rejects with a {@link StoreError}: `locked`, `unwritable`, `disk-full`, `damaged`.
 */
export const openStore = async (options: StoreOptions): Promise<EmbeddedStore> => {
  const { dir, nowMs, retention, warn } = options
  const { checkpointEveryMs = 120_000, maxWaitingBytes = 64 * mebibyte } = options
  const checkpointBytes = options.checkpointBytes ?? Math.min(64 * mebibyte, Math.ceil(retention.bytes / 8))
  const worker = startWorker('store-worker', 'perfmon-store', {
    dir,
    nowMs: nowMs(),
    retentionDays: retention.days,
    retentionMinuteDays: Math.max(retention.days, retention.minuteDays ?? 0),
    retentionHourDays: Math.max(retention.days, retention.minuteDays ?? 0, retention.hourDays ?? 0),
    retentionBytes: retention.bytes,
    checkpointBytes,
  } satisfies WorkerOptions)

  const waiting = new Map<number, Waiting>()
  const sampleListeners: ((batch: SampleBatch) => void)[] = []
  const eventListeners: (() => void)[] = []
  let nextId = 1
  let waitingBytes = 0
  let epoch = 0
  let refusesThisTurn = false
  let overloaded = 0
  let ended: StoreError | null = null
  const disk = createDiskState({ nowMs, warn })

  const ask = <Name extends OperationName>(
    name: Name,
    args: Parameters<StoreOperations[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<StoreOperations[Name]>> => {
    if (ended !== null) return Promise.reject(new StoreError(ended.code, ended.message))
    if (waiting.size >= maxWaitingRequests && name !== 'close')
      return Promise.reject(tooBusy(`${waiting.size} requests wait for the disk`))
    return new Promise((resolve, reject) => {
      const id = nextId++
      // First: what cannot be copied throws here, and must not be waited for.
      worker.postMessage({ id, name, args }, transfer)
      waiting.set(id, { resolve, reject })
    })
  }

  const tooBusy = (reason: string): StoreError => {
    overloaded += 1
    return new StoreError('overloaded', `data directory ${dir}: ${reason}; try again a little later`)
  }

  const end = (error: StoreError): void => {
    ended ??= error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  /** What was stored stays stored: a listener that throws must not look like a disk that refused. */
  const tellAll = <Heard extends unknown[]>(
    listeners: readonly ((...heard: Heard) => void)[],
    ...heard: Heard
  ): void => {
    for (const listener of listeners) {
      try {
        listener(...heard)
      } catch (error) {
        warn(`a listener of the store threw: ${String(error)}`, {
          stack: error instanceof Error ? error.stack : null,
        })
      }
    }
  }

  const stored = await new Promise<StoredState>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'opened') resolve(message.stored)
      else if (message.kind === 'not-opened') {
        ended = new StoreError(message.error.code, message.error.message)
        reject(ended)
      } else if (message.kind === 'warning') warn(message.message, message.details)
      else {
        const asked = waiting.get(message.id)
        waiting.delete(message.id)
        if (message.error?.code === 'overloaded') overloaded += 1
        if (message.error === undefined) asked?.resolve(message.result as never)
        else asked?.reject(new StoreError(message.error.code, message.error.message))
      }
    })
    const fail = (reason: string): void => {
      const error = new StoreError(
        'failed',
        `the thread that writes to ${dir} ended: ${reason}. Start the aggregator again`,
      )
      if (ended === null) warn(error.message, {})
      end(error)
      reject(error)
    }
    worker.on('error', (error) => fail(String(error)))
    worker.on('exit', (code) => {
      if (ended === null || waiting.size > 0) fail(`exit code ${code}`)
    })
  })

  const timer = setInterval(() => {
    // The worker has warned already when the disk refused.
    ask('checkpoint', [nowMs()]).catch(() => {})
  }, checkpointEveryMs)
  timer.unref()

  const appending = async (events: number, work: Promise<void>): Promise<void> => {
    await work
    if (events > 0) tellAll(eventListeners)
  }

  const queries = createQueryThread({
    dir,
    writeNewSeries: () => ask('writeNewSeries', []),
    pendingSamples: (seriesIds, fromMs, toMs) => ask('pendingSamples', [seriesIds, fromMs, toMs]),
  })

  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await queries.close()
    if (ended !== null) return
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    const closed = ask('close', [nowMs()])
    ended = new StoreError('closed', `the store in ${dir} is closed`)
    await closed
    await exited
  }

  /** Until the sender has heard of the refusal, what it hands over builds on the batch that was refused. */
  const refuseForNow = (reason: string): StoreError => {
    refusesThisTurn = true
    setImmediate(() => {
      refusesThisTurn = false
    })
    return tooBusy(reason)
  }

  return {
    stored,
    async appendSamples(batch) {
      if (ended !== null) throw new StoreError(ended.code, ended.message)
      if (refusesThisTurn) throw tooBusy('a batch before this one was refused')
      const samples = batch.seriesIds.length + (batch.late?.seriesIds.length ?? 0)
      if (waitingBytes > 0 && waitingBytes + samples * 20 > maxWaitingBytes) {
        throw refuseForNow(`${waitingBytes} bytes of samples wait for the disk`)
      }
      const packed = packBatch(batch)
      const bytes = packed.byteLength
      const sentIn = epoch
      waitingBytes += bytes
      try {
        await ask('append', [packed, sentIn], [packed])
      } catch (error) {
        epoch = Math.max(epoch, sentIn + 1)
        disk.failed(error)
        throw error
      } finally {
        waitingBytes -= bytes
      }
      tellAll(sampleListeners, batch)
      const events = disk.succeeded()
      // The batch is stored whatever becomes of these.
      if (events.length > 0) appending(events.length, ask('appendEvents', [events])).catch(() => {})
    },
    readSamples: (seriesId, fromMs, toMs, limit) => ask('readSamples', [seriesId, fromMs, toMs, limit]),
    locateSamples: (seriesIds, timesMs) => ask('locateSamples', [seriesIds, timesMs]),
    onSamples: (listener) => void sampleListeners.push(listener),

    saveAgents: (agents, events) => appending(events.length, ask('saveAgents', [agents, events])),
    recordAlerts: (alerts, events) => appending(events.length, ask('recordAlerts', [alerts, events])),
    listAlerts: (states, limit) => ask('listAlerts', [states, limit]),
    appendEvents: (events) => appending(events.length, ask('appendEvents', [events])),
    readEvents: (afterSeq, limit) => ask('readEvents', [afterSeq, limit]),
    onEvents: (listener) => void eventListeners.push(listener),
    readCursor: (reader) => ask('readCursor', [reader]),
    enqueueDeliveries: (reader, cursor, deliveries) => ask('enqueueDeliveries', [reader, cursor, deliveries]),
    waitingDeliveries: (channel, limit) => ask('waitingDeliveries', [channel, limit]),
    waitingChannels: () => ask('waitingChannels', []),
    readEvent: (seq): Promise<Event | null> => ask('readEvent', [seq]),
    updateDelivery: (delivery) => ask('updateDelivery', [delivery]),

    queries,

    async stats() {
      const queued = waiting.size
      const stats: WorkerStats = await ask('stats', [])
      return { ...stats, queued, overloaded, readOnlySinceMs: disk.readOnlySinceMs }
    },
    checkpoint: () => ask('checkpoint', [nowMs()]),
    close() {
      closing ??= close()
      return closing
    },
  }
}

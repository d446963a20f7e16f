import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { NewEvent } from '@perfmon/protocol'
import { createCompaction } from './compact/compaction.ts'
import { createAgentRows } from './database/agent-rows.ts'
import { createAlertRows } from './database/alert-rows.ts'
import { createBlockRows } from './database/block-rows.ts'
import { createChunkRows } from './database/chunk-rows.ts'
import { createDeliveryRows } from './database/delivery-rows.ts'
import { createEventRows } from './database/event-rows.ts'
import { createLateRows } from './database/late-rows.ts'
import { openDatabase } from './database/open-database.ts'
import { createSeriesRows } from './database/series-rows.ts'
import { removeForgottenAgents } from './forgotten-agents.ts'
import { makeDirectory } from './make-directory.ts'
import { createRetention } from './retention.ts'
import { openSampleLog } from './samples/sample-log.ts'
import type { StoredState } from './store.ts'
import type { OperationName, StoreOperations, StoreRequest, WorkerOptions } from './store-requests.ts'

export interface Answer {
  readonly result?: unknown
  readonly error?: unknown
}

/** The store without its thread: everything here may wait for the disk. */
export interface StoreEngine {
  readonly stored: StoredState
  /**
   * Answers requests that came together: appends share one sync of the journal, changes one transaction, and
   * reads come last, so that they see what was asked before them.
   */
  answer(requests: readonly StoreRequest[], reply: (request: StoreRequest, answer: Answer) => void): void
  checkpoint(nowMs: number): Promise<void>
  readonly checkpointDue: boolean
  close(): void
}

export interface EngineOptions extends WorkerOptions {
  readonly warn: (message: string, details: Record<string, unknown>) => void
  readonly nextTurn: () => Promise<void>
}

type Change =
  | 'writeNewSeries'
  | 'saveAgents'
  | 'recordAlerts'
  | 'appendEvents'
  | 'enqueueDeliveries'
  | 'updateDelivery'
type Read = Exclude<OperationName, Change | 'append' | 'checkpoint' | 'close'>

export const openEngine = async (options: EngineOptions): Promise<StoreEngine> => {
  const { dir, nowMs, checkpointBytes, warn, nextTurn } = options
  const { retentionDays, retentionMinuteDays, retentionHourDays, retentionBytes } = options
  makeDirectory(dir)
  const database = openDatabase(dir)
  const { db, transaction } = database
  const chunkRows = createChunkRows(database)
  const lateRows = createLateRows(database)
  const blockRows = createBlockRows(database)
  const seriesRows = createSeriesRows(database)
  const agentRows = createAgentRows(database)
  const alertRows = createAlertRows(database)
  const eventRows = createEventRows(database)
  const deliveryRows = createDeliveryRows(database)
  const log = await openSampleLog({
    dir,
    database,
    chunkRows,
    lateRows,
    blockRows,
    seriesRows,
    checkpointBytes,
    warn,
    nextTurn,
  })
  const compact = createCompaction({
    database,
    chunkRows,
    lateRows,
    blockRows,
    isCounter: log.last.isCounter,
    warn,
    nextTurn,
  })
  const retain = createRetention({
    database,
    chunkRows,
    lateRows,
    blockRows,
    alertRows,
    eventRows,
    deliveryRows,
    last: log.last,
    bounds: {
      days: retentionDays,
      minuteDays: retentionMinuteDays,
      hourDays: retentionHourDays,
      bytes: retentionBytes,
    },
    reserveBytes: checkpointBytes * 2,
    nextTurn,
  })
  await retain(nowMs)
  removeForgottenAgents({
    database,
    agentRows,
    seriesRows,
    last: log.last,
    agentsBeforeMs: nowMs - retentionDays * 86_400_000,
    seriesBeforeMs: nowMs - Math.max(retentionDays, retentionMinuteDays, retentionHourDays) * 86_400_000,
  })

  const changes: Pick<StoreOperations, Change> = {
    writeNewSeries: () => seriesRows.add(log.unwrittenSeries()),
    saveAgents(agents, events) {
      agentRows.save(agents)
      eventRows.append(events)
    },
    recordAlerts(alerts, events) {
      alertRows.record(alerts)
      eventRows.append(events)
    },
    appendEvents: (events: readonly NewEvent[]) => eventRows.append(events),
    enqueueDeliveries(reader, cursor, deliveries) {
      deliveryRows.moveCursor(reader, cursor)
      deliveryRows.enqueue(deliveries)
    },
    updateDelivery: (delivery) => deliveryRows.update(delivery),
  }

  const reads: Pick<StoreOperations, Read> = {
    readSamples: (seriesId, fromMs, toMs, limit) => log.read({ seriesId, fromMs, toMs, limit }),
    locateSamples: (seriesIds, timesMs) => log.locate(seriesIds, timesMs),
    pendingSamples: (seriesIds, fromMs, toMs) => log.pendingOf(seriesIds, { fromMs, toMs }),
    listAlerts: (states, limit) => alertRows.list(states, whole(limit)),
    readEvents: (afterSeq, limit) => eventRows.after(afterSeq, whole(limit)),
    readEvent: (seq) => eventRows.one(seq),
    readCursor: (reader) => deliveryRows.cursor(reader),
    waitingDeliveries: (channel, limit) => deliveryRows.waiting(channel, whole(limit)),
    waitingChannels: () => deliveryRows.waitingChannels(),
    stats: () => ({
      bytes: bytesOf(dir),
      chunks: chunkRows.count(),
      blocks: blockRows.count(),
      events: eventRows.count(),
      outOfOrder: log.outOfOrder,
    }),
  }

  /** A change that fails undoes itself alone; when the commit fails, none was made. */
  const change = (requests: readonly StoreRequest[]): Answer[] => {
    try {
      return transaction(() =>
        requests.map((request): Answer => {
          db.exec('SAVEPOINT change')
          try {
            ;(changes[request.name as Change] as (...args: unknown[]) => void)(...request.args)
            db.exec('RELEASE change')
            return {}
          } catch (error) {
            // SQLite ended the whole transaction: the others must not be told that theirs was made.
            if (!db.isTransaction) throw error
            db.exec('ROLLBACK TO change; RELEASE change')
            return { error }
          }
        }),
      )
    } catch (error) {
      return requests.map(() => ({ error }))
    }
  }

  const read = (request: StoreRequest): Answer => {
    try {
      return { result: (reads[request.name as Read] as (...args: unknown[]) => unknown)(...request.args) }
    } catch (error) {
      return { error }
    }
  }

  const last = log.last.columns(log.last.size)
  return {
    stored: {
      series: seriesRows.all(),
      lastTimesMs: last.timesMs,
      lastValues: last.values,
      agents: agentRows.all(),
      openAlerts: alertRows.list(['pending', 'active'], Number.MAX_SAFE_INTEGER),
      lastEventSeq: eventRows.lastSeq(),
    },
    answer(requests, reply) {
      const appends = requests.filter(({ name }) => name === 'append')
      if (appends.length > 0) {
        const refused = log.append(
          appends.map(({ args }) => ({ packed: args[0] as ArrayBuffer, epoch: args[1] as number })),
        )
        for (const [index, request] of appends.entries())
          reply(request, refused[index] ? { error: refused[index] } : {})
      }
      const changing = requests.filter(({ name }) => Object.hasOwn(changes, name))
      if (changing.length > 0) {
        const answers = change(changing)
        for (const [index, request] of changing.entries()) reply(request, answers[index]!)
      }
      for (const request of requests) if (Object.hasOwn(reads, request.name)) reply(request, read(request))
    },
    async checkpoint(atMs) {
      // What retention removes may be the room that the checkpoint lacks, so it runs in any case.
      try {
        await log.checkpoint()
        await compact(log.last.newestMs())
      } finally {
        await retain(atMs)
      }
    },
    get checkpointDue() {
      return log.checkpointDue
    },
    close() {
      log.close()
      database.close()
    },
  }
}

/** SQLite takes only whole numbers as a limit; Infinity is a natural way to ask for all. */
const whole = (limit: number): number => Math.max(0, Math.min(Math.floor(limit), Number.MAX_SAFE_INTEGER))

const bytesOf = (dir: string): number =>
  readdirSync(dir).reduce(
    (sum, name) => sum + (statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )

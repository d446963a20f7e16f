import type { AlertRows } from './database/alert-rows.ts'
import { bucketEndMs, type ChunkRows } from './database/chunk-rows.ts'
import type { DeliveryRows } from './database/delivery-rows.ts'
import type { EventRows } from './database/event-rows.ts'
import type { LateRows } from './database/late-rows.ts'
import type { Database } from './database/open-database.ts'
import type { LastSamples } from './samples/last-samples.ts'

export interface RetentionBounds {
  readonly days: number
  /** Size that the files may reach; the oldest samples go first, then the oldest events. */
  readonly bytes: number
}

export interface RetentionOptions {
  readonly database: Database
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly alertRows: AlertRows
  readonly eventRows: EventRows
  readonly deliveryRows: DeliveryRows
  readonly last: LastSamples
  readonly bounds: RetentionBounds
  /** What the bound must leave free: the journal and the log that a checkpoint may write. */
  readonly reserveBytes: number
  readonly nextTurn: () => Promise<void>
}

const dayMs = 86_400_000
/** However long they are kept in days: about a gigabyte. */
const maxEvents = 1_000_000
/** Removed in one transaction, about 5 ms of work; between two the others have their turn. */
const rowsPerStep = 1000
const pagesPerStep = 500

/** Returns a function that removes what is older than the bounds allow, in small steps. */
export const createRetention = (options: RetentionOptions): ((nowMs: number) => Promise<void>) => {
  const { database, chunkRows, lateRows, alertRows, eventRows, deliveryRows } = options
  const { last, bounds, reserveBytes, nextTurn } = options
  const { db, transaction } = database
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.page_size)
  const pageCount = db.prepare('PRAGMA page_count')
  const freePages = db.prepare('PRAGMA freelist_count')
  const pages = (): number => Number(pageCount.get()?.page_count)
  const unused = (): number => Number(freePages.get()?.freelist_count)
  const mostPages = Math.max(0, bounds.bytes - reserveBytes) / pageSize
  let tailsRemovedBeforeMs = Number.NEGATIVE_INFINITY

  const oldestBucket = (): number | undefined =>
    [chunkRows, lateRows].flatMap((rows) => rows.buckets()[0] ?? []).sort((a, b) => a - b)[0]

  /** One step: some chunks of the bucket, then some late samples. A bucket that is empty is forgotten. */
  const removeFromBucket = (bucket: number): void => {
    const rows = chunkRows.buckets()[0] === bucket ? chunkRows : lateRows
    if (transaction(() => rows.removeFromBucket(bucket, rowsPerStep))) rows.forgetBucket(bucket)
  }

  const removeOldSamples = async (beforeMs: number): Promise<void> => {
    for (;;) {
      const bucket = oldestBucket()
      if (bucket === undefined || bucketEndMs(bucket) > beforeMs) return
      removeFromBucket(bucket)
      await nextTurn()
    }
  }

  /** Tails of series that ended. Those of an earlier run are gone already. */
  const removeOldTails = async (beforeMs: number): Promise<void> => {
    const ended: number[] = []
    for (let id = 0; id < last.size; id += 1) {
      if (last.timeMs(id) < beforeMs && last.timeMs(id) >= tailsRemovedBeforeMs) ended.push(id)
    }
    for (let first = 0; first < ended.length; first += rowsPerStep) {
      transaction(() => ended.slice(first, first + rowsPerStep).forEach(chunkRows.removeTail))
      await nextTurn()
    }
    tailsRemovedBeforeMs = beforeMs
  }

  const removeOldEvents = async (beforeMs: number): Promise<void> => {
    for (;;) {
      const surplus = eventRows.count() - maxEvents
      const old = eventRows
        .head(rowsPerStep)
        .filter(({ timeMs }, index) => timeMs < beforeMs || index < surplus)
      const newest = old.at(-1)
      if (newest === undefined) return
      transaction(() => eventRows.removeUpTo(newest.seq))
      await nextTurn()
    }
  }

  const removeOldAlerts = async (beforeMs: number): Promise<void> => {
    while (transaction(() => alertRows.removeResolvedBefore(beforeMs, rowsPerStep)) === rowsPerStep)
      await nextTurn()
    const firstEvent = (): number => eventRows.oldest()?.seq ?? eventRows.lastSeq() + 1
    while (transaction(() => deliveryRows.removeDoneBefore(firstEvent(), rowsPerStep)) === rowsPerStep)
      await nextTurn()
  }

  /**
   * Free pages go back to the file system only while the file is over its bound: otherwise the next chunks
   * use them, and moving pages about would be work for nothing.
   */
  const shrink = async (): Promise<void> => {
    while (pages() > mostPages) {
      const oldest = oldestBucket()
      if (unused() > 0) db.exec(`PRAGMA incremental_vacuum(${pagesPerStep})`)
      else if (oldest !== undefined) removeFromBucket(oldest)
      else {
        const events = eventRows.head(rowsPerStep)
        if (events.length === 0) break
        transaction(() => eventRows.removeUpTo(events.at(-1)!.seq))
      }
      await nextTurn()
    }
  }

  return async (nowMs) => {
    const beforeMs = nowMs - bounds.days * dayMs
    await removeOldSamples(beforeMs)
    await removeOldTails(beforeMs)
    await removeOldEvents(beforeMs)
    await removeOldAlerts(beforeMs)
    await shrink()
    // The file itself shrinks when the write-ahead log is copied into it.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
}

import type { AlertRows } from './database/alert-rows.ts'
import { type BlockRows, type Tier, tierBucketEndMs, tiers } from './database/block-rows.ts'
import { bucketEndMs, type ChunkRows } from './database/chunk-rows.ts'
import type { DeliveryRows } from './database/delivery-rows.ts'
import type { EventRows } from './database/event-rows.ts'
import type { LateRows } from './database/late-rows.ts'
import type { Database } from './database/open-database.ts'
import type { LastSamples } from './samples/last-samples.ts'

export interface RetentionBounds {
  /** Of samples as they came. */
  readonly days: number
  /** Of roll-ups. */
  readonly minuteDays: number
  readonly hourDays: number
  /** Size that the files may reach; {@link createRetention} says what goes first. */
  readonly bytes: number
}

export interface RetentionOptions {
  readonly database: Database
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly blockRows: BlockRows
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
/** Each is some thirty pages. */
const blocksPerStep = 8
/** What the bound on size leaves while something else can go. */
const leastRawMs = dayMs
const leastMinuteMs = 7 * dayMs

/**
 * Returns a function that removes what is older than the bounds allow, in small steps. Over the bound on size go, the
 * oldest first: samples up to the last day, roll-ups by the minute up to the last week and then up to the last day,
 * both of them span by span, roll-ups by the hour, events.
 */
export const createRetention = (options: RetentionOptions): ((nowMs: number) => Promise<void>) => {
  const { database, chunkRows, lateRows, blockRows, alertRows, eventRows, deliveryRows } = options
  const { last, bounds, reserveBytes, nextTurn } = options
  const { db, transaction } = database
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.page_size)
  const pageCount = db.prepare('PRAGMA page_count')
  const freePages = db.prepare('PRAGMA freelist_count')
  const pages = (): number => Number(pageCount.get()?.page_count)
  const unused = (): number => Number(freePages.get()?.freelist_count)
  const mostPages = Math.max(0, bounds.bytes - reserveBytes) / pageSize
  let tailsRemovedBeforeMs = Number.NEGATIVE_INFINITY

  /** Where samples lie as they came: all three have the same buckets. */
  const rawRows = [
    chunkRows,
    lateRows,
    {
      buckets: () => blockRows.buckets(tiers.raw),
      removeFromBucket: (bucket: number) => blockRows.removeFromBucket(tiers.raw, bucket, blocksPerStep),
      forgetBucket: (bucket: number) => blockRows.forgetBucket(tiers.raw, bucket),
    },
  ]

  /** Removes one step's worth of the oldest samples, when they lie before; whether there were any. */
  const removeOldestRaw = (beforeMs: number): boolean => {
    const rows = rawRows
      .filter(({ buckets }) => buckets().length > 0)
      .sort((a, b) => a.buckets()[0]! - b.buckets()[0]!)[0]
    const bucket = rows?.buckets()[0]
    if (rows === undefined || bucket === undefined || bucketEndMs(bucket) > beforeMs) return false
    if (transaction(() => rows.removeFromBucket(bucket, rowsPerStep))) rows.forgetBucket(bucket)
    return true
  }

  const removeOldestRollUps = (tier: Tier, beforeMs: number): boolean => {
    const bucket = blockRows.buckets(tier)[0]
    if (bucket === undefined || tierBucketEndMs(tier, bucket) > beforeMs) return false
    if (transaction(() => blockRows.removeFromBucket(tier, bucket, blocksPerStep)))
      blockRows.forgetBucket(tier, bucket)
    return true
  }

  const removeOldEventsStep = (): boolean => {
    const newest = eventRows.head(rowsPerStep).at(-1)
    if (newest !== undefined) transaction(() => eventRows.removeUpTo(newest.seq))
    return newest !== undefined
  }

  const removeSomething = (): boolean => {
    const newestMs = last.newestMs()
    const oldestMinute = blockRows.buckets(tiers.minute)[0] ?? Number.POSITIVE_INFINITY
    return (
      removeOldestRaw(newestMs - leastRawMs) ||
      removeOldestRollUps(tiers.minute, newestMs - leastMinuteMs) ||
      removeOldestRollUps(tiers.minute, newestMs - leastRawMs) ||
      removeOldestRaw(bucketEndMs(oldestMinute)) ||
      removeOldestRollUps(tiers.minute, Number.POSITIVE_INFINITY) ||
      removeOldestRollUps(tiers.hour, Number.POSITIVE_INFINITY) ||
      removeOldEventsStep()
    )
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
      if (unused() > 0) db.exec(`PRAGMA incremental_vacuum(${pagesPerStep})`)
      else if (!removeSomething()) break
      await nextTurn()
    }
  }

  return async (nowMs) => {
    const beforeMs = nowMs - bounds.days * dayMs
    while (removeOldestRaw(beforeMs)) await nextTurn()
    while (removeOldestRollUps(tiers.minute, nowMs - bounds.minuteDays * dayMs)) await nextTurn()
    while (removeOldestRollUps(tiers.hour, nowMs - bounds.hourDays * dayMs)) await nextTurn()
    // A series' tail says where it goes on, and by it the series itself is found old enough to be forgotten.
    await removeOldTails(nowMs - bounds.hourDays * dayMs)
    await removeOldEvents(beforeMs)
    await removeOldAlerts(beforeMs)
    await shrink()
    // The file itself shrinks when the write-ahead log is copied into it.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
}

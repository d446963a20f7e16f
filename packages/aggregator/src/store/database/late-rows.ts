import { readBuckets } from './bucket-list.ts'
import { bucketOf } from './chunk-rows.ts'
import type { Database } from './open-database.ts'

/**
 * Late samples, one row each: they are few and come in any order, and a chunk would have to be rewritten for each.
 * Their buckets are those of chunks, so that both are removed together.
 */
export interface LateRows {
  /** Takes the place of what is there at that time. */
  put(seriesId: number, timeMs: number, value: number): void
  /** Adds the newest `limit` samples with `fromMs <= time < toMs` to `found`, value by time. */
  collect(seriesId: number, range: LateRange, found: Map<number, number>): void
  valueAt(seriesId: number, timeMs: number): number | undefined
  /** Buckets that may hold rows, ascending. */
  buckets(): readonly number[]
  /** Removes at most `limit` rows of the bucket; true when none is left. Then, once that is committed: */
  removeFromBucket(bucket: number, limit: number): boolean
  forgetBucket(bucket: number): void
  /** Reads the buckets again: for a reader beside the writer. */
  refresh(): void
  /** Buckets of one series with `fromMs <= time < toMs`. */
  bucketsOf(seriesId: number, range: Omit<LateRange, 'limit'>): number[]
  removeSeries(bucket: number, seriesId: number): void
  seriesIn(bucket: number): number[]
  countIn(bucket: number): number
}

export interface LateRange {
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
}

export const createLateRows = ({ db }: Pick<Database, 'db'>): LateRows => {
  const key = 'bucket = ? AND series_id = ?'
  const replace = db.prepare(
    'INSERT OR REPLACE INTO late_samples (bucket, series_id, time_ms, value) VALUES (?, ?, ?, ?)',
  )
  const select = db.prepare(
    `SELECT time_ms, value FROM late_samples WHERE ${key} AND time_ms >= ? AND time_ms < ? ORDER BY time_ms DESC LIMIT ?`,
  )
  const selectOne = db.prepare(`SELECT value FROM late_samples WHERE ${key} AND time_ms = ?`)
  // A table without rowid: its key is all there is to name a row.
  const remove = db.prepare(
    `DELETE FROM late_samples WHERE bucket = ?1 AND (series_id, time_ms) IN
       (SELECT series_id, time_ms FROM late_samples WHERE bucket = ?1 LIMIT ?2)`,
  )
  const deleteOfSeries = db.prepare(`DELETE FROM late_samples WHERE ${key}`)
  const selectSeries = db.prepare('SELECT DISTINCT series_id FROM late_samples WHERE bucket = ?')
  const countBucket = db.prepare('SELECT count(*) AS count FROM late_samples WHERE bucket = ?')
  const hasAny = db.prepare(`SELECT 1 FROM late_samples WHERE ${key} LIMIT 1`)
  let buckets = readBuckets(db, 'late_samples')

  return {
    put(seriesId, timeMs, value) {
      const bucket = bucketOf(timeMs)
      replace.run(bucket, seriesId, timeMs, bytesOf(value))
      buckets.add(bucket)
    },
    collect(seriesId, { fromMs, toMs, limit }, found) {
      let room = Math.min(limit, Number.MAX_SAFE_INTEGER)
      for (const bucket of buckets.ascending().toReversed()) {
        if (room <= 0 || bucket < bucketOf(fromMs)) break
        if (bucket > bucketOf(toMs)) continue
        for (const row of select.all(bucket, seriesId, fromMs, toMs, room)) {
          found.set(row.time_ms as number, numberOf(row.value as Uint8Array))
          room -= 1
        }
      }
    },
    valueAt(seriesId, timeMs) {
      const bucket = bucketOf(timeMs)
      const row = buckets.has(bucket) ? selectOne.get(bucket, seriesId, timeMs) : undefined
      return row === undefined ? undefined : numberOf(row.value as Uint8Array)
    },
    buckets: () => buckets.ascending(),
    removeFromBucket: (bucket, limit) => Number(remove.run(bucket, limit).changes) < limit,
    forgetBucket: (bucket) => buckets.forget(bucket),
    refresh() {
      buckets = readBuckets(db, 'late_samples')
    },
    bucketsOf: (seriesId, { fromMs, toMs }) =>
      buckets
        .ascending()
        .filter((bucket) => bucket >= bucketOf(fromMs) && bucket <= bucketOf(toMs))
        .filter((bucket) => hasAny.get(bucket, seriesId) !== undefined),
    removeSeries: (bucket, seriesId) => void deleteOfSeries.run(bucket, seriesId),
    seriesIn: (bucket) => selectSeries.all(bucket).map((row) => Number(row.series_id)),
    countIn: (bucket) => Number(countBucket.get(bucket)?.count),
  }
}

/** As bytes, because SQLite turns NaN into NULL and -0 into 0. */
const bytesOf = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return bytes
}

const numberOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)

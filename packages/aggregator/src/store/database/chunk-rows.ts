import { decodeChunk, isSealed } from '../chunk/sample-chunk.ts'
import { readBuckets } from './bucket-list.ts'
import type { Database } from './open-database.ts'

/**
 * A chunk belongs to the two hours its first sample lies in and ends where they end, so that a range of time
 * is a range of buckets: the length that holds 120 samples of a series that reports once a minute.
 */
const bucketMs = 2 * 3600 * 1000

export const bucketOf = (timeMs: number): number => Math.floor(timeMs / bucketMs)
export const bucketEndMs = (bucket: number): number => (bucket + 1) * bucketMs

export interface ChunkRows {
  /** The newest chunk of a series, still filling; undefined when it has none. */
  tail(seriesId: number): Uint8Array | undefined
  /** `bucket` is the one its samples lie in; null for a sealed one. */
  putTail(seriesId: number, samples: Uint8Array, bucket: number | null): void
  removeTail(seriesId: number): void
  tails(): Iterable<{ seriesId: number; samples: Uint8Array }>
  /** The tails that are samples still, and the buckets they lie in; by what this writer put, or {@link tails} told it. */
  openTails(): Iterable<readonly [seriesId: number, bucket: number]>

  addChunk(bucket: number, seriesId: number, samples: Uint8Array): void
  /** Full chunks of one series in one bucket, newest first. */
  chunks(bucket: number, seriesId: number): Uint8Array[]
  /** Buckets that may hold chunks, ascending. */
  buckets(): readonly number[]
  /** Removes at most `limit` chunks of the bucket; true when none is left. Then, once that is committed: */
  removeFromBucket(bucket: number, limit: number): boolean
  forgetBucket(bucket: number): void
  /** Reads the buckets again: for a reader beside the writer. */
  refresh(): void
  /** Removes the full chunks of one series in one bucket. */
  removeChunks(bucket: number, seriesId: number): void
  /** Series with full chunks in the bucket. */
  seriesIn(bucket: number): number[]
  count(): number
}

/** Beyond any bucket of a time that a Date can have. */
const noBucket = -(2 ** 31)

/** Null where a tail is damaged: it is left alone. */
const bucketOfChunk = (samples: Uint8Array): number | null => {
  try {
    return bucketOf(decodeChunk(samples).timesMs[0]!)
  } catch {
    return null
  }
}

export const createChunkRows = ({ db }: Pick<Database, 'db'>): ChunkRows => {
  const selectTail = db.prepare('SELECT samples FROM tails WHERE series_id = ?')
  const replaceTail = db.prepare('INSERT OR REPLACE INTO tails (series_id, samples) VALUES (?, ?)')
  const deleteTail = db.prepare('DELETE FROM tails WHERE series_id = ?')
  const selectTails = db.prepare('SELECT series_id, samples FROM tails')
  const insertChunk = db.prepare('INSERT INTO chunks (bucket, series_id, samples) VALUES (?, ?, ?)')
  const selectChunks = db.prepare(
    'SELECT samples FROM chunks WHERE bucket = ? AND series_id = ? ORDER BY id DESC',
  )
  const deleteChunks = db.prepare(
    'DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE bucket = ? LIMIT ?)',
  )
  const deleteOfSeries = db.prepare('DELETE FROM chunks WHERE bucket = ? AND series_id = ?')
  const selectSeries = db.prepare('SELECT DISTINCT series_id FROM chunks WHERE bucket = ?')
  const counted = db.prepare('SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM tails) AS count')
  let buckets = readBuckets(db, 'chunks')
  let tailBuckets = new Int32Array(1024).fill(noBucket)
  const noteTail = (seriesId: number, bucket: number | null): void => {
    if (seriesId >= tailBuckets.length) {
      const longer = new Int32Array(seriesId * 2).fill(noBucket)
      longer.set(tailBuckets)
      tailBuckets = longer
    }
    tailBuckets[seriesId] = bucket ?? noBucket
  }

  return {
    tail: (seriesId) => selectTail.get(seriesId)?.samples as Uint8Array | undefined,
    putTail(seriesId, samples, bucket) {
      replaceTail.run(seriesId, samples)
      noteTail(seriesId, bucket)
    },
    removeTail(seriesId) {
      deleteTail.run(seriesId)
      noteTail(seriesId, null)
    },
    *tails() {
      for (const row of selectTails.iterate()) {
        const tail = { seriesId: row.series_id as number, samples: row.samples as Uint8Array }
        noteTail(tail.seriesId, isSealed(tail.samples) ? null : bucketOfChunk(tail.samples))
        yield tail
      }
    },
    *openTails() {
      for (let seriesId = 0; seriesId < tailBuckets.length; seriesId += 1)
        if (tailBuckets[seriesId] !== noBucket) yield [seriesId, tailBuckets[seriesId]!]
    },
    addChunk(bucket, seriesId, samples) {
      insertChunk.run(bucket, seriesId, samples)
      buckets.add(bucket)
    },
    chunks: (bucket, seriesId) => selectChunks.all(bucket, seriesId).map((row) => row.samples as Uint8Array),
    buckets: () => buckets.ascending(),
    removeFromBucket: (bucket, limit) => Number(deleteChunks.run(bucket, limit).changes) < limit,
    forgetBucket: (bucket) => buckets.forget(bucket),
    refresh() {
      buckets = readBuckets(db, 'chunks')
    },
    removeChunks: (bucket, seriesId) => void deleteOfSeries.run(bucket, seriesId),
    seriesIn: (bucket) => selectSeries.all(bucket).map((row) => Number(row.series_id)),
    count: () => Number(counted.get()?.count),
  }
}

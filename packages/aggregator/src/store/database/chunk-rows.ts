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
  putTail(seriesId: number, samples: Uint8Array): void
  removeTail(seriesId: number): void
  tails(): Iterable<{ seriesId: number; samples: Uint8Array }>

  addChunk(bucket: number, seriesId: number, samples: Uint8Array): void
  /** Full chunks of one series in one bucket, newest first. */
  chunks(bucket: number, seriesId: number): Uint8Array[]
  /** Buckets that may hold chunks, ascending. */
  buckets(): readonly number[]
  /** Removes at most `limit` chunks of the bucket; true when none is left. Then, once that is committed: */
  removeFromBucket(bucket: number, limit: number): boolean
  forgetBucket(bucket: number): void
  count(): number
}

export const createChunkRows = ({ db }: Database): ChunkRows => {
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
  const counted = db.prepare('SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM tails) AS count')
  const buckets = readBuckets(db, 'chunks')

  return {
    tail: (seriesId) => selectTail.get(seriesId)?.samples as Uint8Array | undefined,
    putTail: (seriesId, samples) => void replaceTail.run(seriesId, samples),
    removeTail: (seriesId) => void deleteTail.run(seriesId),
    *tails() {
      for (const row of selectTails.iterate()) {
        yield { seriesId: row.series_id as number, samples: row.samples as Uint8Array }
      }
    },
    addChunk(bucket, seriesId, samples) {
      insertChunk.run(bucket, seriesId, samples)
      buckets.add(bucket)
    },
    chunks: (bucket, seriesId) => selectChunks.all(bucket, seriesId).map((row) => row.samples as Uint8Array),
    buckets: () => buckets.ascending(),
    removeFromBucket: (bucket, limit) => Number(deleteChunks.run(bucket, limit).changes) < limit,
    forgetBucket: (bucket) => buckets.forget(bucket),
    count: () => Number(counted.get()?.count),
  }
}

import type { DatabaseSync } from 'node:sqlite'

/** The buckets that a table may have rows of, so that nobody asks the database for those it has not. */
export interface BucketList {
  add(bucket: number): void
  forget(bucket: number): void
  has(bucket: number): boolean
  ascending(): readonly number[]
}

export const readBuckets = (
  db: DatabaseSync,
  rows: 'chunks' | 'late_samples' | `blocks WHERE tier = ${number}`,
): BucketList => {
  const [table, condition = 'true'] = rows.split(' WHERE ')
  // A loose index scan: one seek per bucket rather than one step per row.
  const stored = db.prepare(`
    WITH RECURSIVE found (bucket) AS (
      SELECT min(bucket) FROM ${table} WHERE ${condition}
      UNION ALL
      SELECT (SELECT min(bucket) FROM ${table} WHERE ${condition} AND bucket > found.bucket) FROM found WHERE bucket IS NOT NULL
    ) SELECT bucket FROM found WHERE bucket IS NOT NULL`)
  const buckets = new Set(stored.all().map((row) => Number(row.bucket)))
  let ascending: number[] | undefined

  return {
    add(bucket) {
      if (buckets.has(bucket)) return
      buckets.add(bucket)
      ascending = undefined
    },
    forget(bucket) {
      buckets.delete(bucket)
      ascending = undefined
    },
    has: (bucket) => buckets.has(bucket),
    ascending() {
      ascending ??= [...buckets].sort((a, b) => a - b)
      return ascending
    },
  }
}

import { type Block, openBlock } from '../block/block.ts'
import { readBuckets } from './bucket-list.ts'
import type { Database } from './open-database.ts'

/** What blocks hold: samples as they came, or roll-ups by the minute or the hour. The number is what the table has. */
export const tiers = { raw: 0, minute: 1, hour: 2 } as const
export type Tier = (typeof tiers)[keyof typeof tiers]

const hourMs = 3_600_000
/**
 * The span of a block. Roll-ups by the minute come with the samples they are made of. Those by the hour are few: a block
 * of four days is rewritten at each of its 48 spans, which is cheaper than reading 360 blocks for a month.
 */
const bucketMs: Readonly<Record<Tier, number>> = { 0: 2 * hourMs, 1: 2 * hourMs, 2: 96 * hourMs }
export const stepMsOf: Readonly<Record<Tier, number>> = { 0: 0, 1: 60_000, 2: hourMs }

export const tierBucketOf = (tier: Tier, timeMs: number): number => Math.floor(timeMs / bucketMs[tier])
export const tierBucketEndMs = (tier: Tier, bucket: number): number => (bucket + 1) * bucketMs[tier]

/** Where a block is. No other block of its tier and bucket has series between its first and last. */
export interface BlockPlace {
  readonly id: number
  readonly firstSeries: number
  readonly lastSeries: number
  /** Values in all columns. */
  readonly weight: number
}

export interface NewBlock extends Omit<BlockPlace, 'id'> {
  readonly tier: Tier
  readonly bucket: number
  readonly data: Uint8Array
}

export interface BlockRows {
  /** The block that has, or would have, a series; null when there is none. Throws a RangeError when it is damaged. */
  find(tier: Tier, bucket: number, seriesId: number): Block | null
  places(tier: Tier, bucket: number): BlockPlace[]
  open(id: number): Block
  add(block: NewBlock): void
  remove(id: number): void
  /** Buckets that may hold blocks, ascending. */
  buckets(tier: Tier): readonly number[]
  /** Removes at most `limit` blocks of the bucket; true when none is left. Then, once that is committed: */
  removeFromBucket(tier: Tier, bucket: number, limit: number): boolean
  forgetBucket(tier: Tier, bucket: number): void
  /** Reads the buckets again: for a reader beside the writer. */
  refresh(): void
  count(): number
}

/** Blocks kept open by their list of contents: a query asks the same one for many series. */
const cachedBlocks = 64

export const createBlockRows = ({ db }: Pick<Database, 'db'>): BlockRows => {
  const selectPlace = db.prepare(
    `SELECT id FROM blocks WHERE tier = ? AND bucket = ? AND first_series <= ?3 AND last_series >= ?3
     ORDER BY first_series DESC LIMIT 1`,
  )
  const selectPlaces = db.prepare(
    'SELECT id, first_series, last_series, weight FROM blocks WHERE tier = ? AND bucket = ? ORDER BY first_series',
  )
  const selectData = db.prepare('SELECT data FROM blocks WHERE id = ?')
  const insert = db.prepare(
    'INSERT INTO blocks (tier, bucket, first_series, last_series, weight, data) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const deleteOne = db.prepare('DELETE FROM blocks WHERE id = ?')
  const deleteSome = db.prepare(
    'DELETE FROM blocks WHERE id IN (SELECT id FROM blocks WHERE tier = ? AND bucket = ? LIMIT ?)',
  )
  const counted = db.prepare('SELECT count(*) AS count FROM blocks')
  const readAll = () =>
    [tiers.raw, tiers.minute, tiers.hour].map((tier) => readBuckets(db, `blocks WHERE tier = ${tier}`))
  let lists = readAll()
  const cache = new Map<number, Block>()

  const open = (id: number): Block => {
    let block = cache.get(id)
    cache.delete(id)
    if (block === undefined) {
      block = openBlock(selectData.get(id)?.data as Uint8Array)
      if (cache.size >= cachedBlocks) cache.delete(cache.keys().next().value!)
    }
    // The one used last is the last to go. Ids are never used again, so what is cached stays true.
    cache.set(id, block)
    return block
  }

  return {
    find(tier, bucket, seriesId) {
      if (!lists[tier]!.has(bucket)) return null
      const id = selectPlace.get(tier, bucket, seriesId)?.id
      return id === undefined ? null : open(Number(id))
    },
    places: (tier, bucket) =>
      selectPlaces.all(tier, bucket).map((row) => ({
        id: Number(row.id),
        firstSeries: Number(row.first_series),
        lastSeries: Number(row.last_series),
        weight: Number(row.weight),
      })),
    open,
    add({ tier, bucket, firstSeries, lastSeries, weight, data }) {
      insert.run(tier, bucket, firstSeries, lastSeries, weight, data)
      lists[tier]!.add(bucket)
    },
    remove(id) {
      deleteOne.run(id)
      cache.delete(id)
    },
    buckets: (tier) => lists[tier]!.ascending(),
    removeFromBucket: (tier, bucket, limit) => Number(deleteSome.run(tier, bucket, limit).changes) < limit,
    forgetBucket: (tier, bucket) => lists[tier]!.forget(bucket),
    refresh() {
      lists = readAll()
    },
    count: () => Number(counted.get()?.count),
  }
}

import { isWholeBlock, openBlock } from '../block/block.ts'
import { decodeChunk } from '../chunk/sample-chunk.ts'
import { refuseOlder } from '../database/migrations.ts'
import { databasePath, openReader } from '../database/open-database.ts'
import { readSegment } from '../journal/read-segment.ts'
import { segmentNumbers, segmentPath } from '../journal/segment-files.ts'

/** A row or file that cannot be read, and how it is called in its table. */
export interface StoreDamage {
  readonly table: 'chunks' | 'tails' | 'blocks' | 'journal' | 'database'
  /** Row id, series id of a tail, segment number; 0 for the database as a whole. */
  readonly id: number
  readonly reason: string
}

export interface StoreCheck {
  readonly damages: readonly StoreDamage[]
  readonly chunks: number
  readonly blocks: number
  readonly samples: number
}

/** Of a thing that is damaged all over the first hundred tell enough. */
const maxDatabaseReports = 100

/**
 * Reads everything there is: SQLite's own integrity check, every block with its checksum, every chunk, every record of
 * the journal. Changes nothing, and may be run beside an aggregator at work.
 */
export const checkStore = (dir: string): StoreCheck => {
  const db = openReader(dir)
  const damages: StoreDamage[] = []
  const counts = { chunks: 0, blocks: 0, samples: 0 }
  try {
    refuseOlder(db, databasePath(dir))
    db.exec('BEGIN')
    for (const row of db.prepare(`PRAGMA integrity_check(${maxDatabaseReports})`).all()) {
      const reason = String(row.integrity_check)
      if (reason !== 'ok') damages.push({ table: 'database', id: 0, reason })
    }
    for (const row of db.prepare('SELECT id, tier, data FROM blocks').iterate()) {
      counts.blocks += 1
      const reason = damageOf(() => {
        const bytes = row.data as Uint8Array
        if (!(bytes instanceof Uint8Array && isWholeBlock(bytes)))
          throw new RangeError('its checksum does not fit')
        const block = openBlock(bytes)
        for (const seriesId of block.seriesIds) {
          const { timesMs } = block.read(seriesId)!
          if (row.tier === 0) counts.samples += timesMs.length
        }
      })
      if (reason !== null) damages.push({ table: 'blocks', id: Number(row.id), reason })
    }
    for (const [table, key] of [
      ['chunks', 'id'],
      ['tails', 'series_id'],
    ] as const) {
      for (const row of db.prepare(`SELECT ${key} AS id, samples FROM ${table}`).iterate()) {
        counts.chunks += 1
        const reason = damageOf(() => {
          counts.samples += decodeChunk(row.samples as Uint8Array).timesMs.length
        })
        if (reason !== null) damages.push({ table, id: Number(row.id), reason })
      }
    }
    db.exec('COMMIT')
  } finally {
    db.close()
  }
  const numbers = segmentNumbers(dir)
  for (const number of numbers) {
    const end = readSegment(dir, number, () => {})
    // What is torn at the very end was being written, and had not been acknowledged.
    if (end.kind === 'damaged' || (end.kind === 'torn' && number !== numbers.at(-1)))
      damages.push({
        table: 'journal',
        id: number,
        reason: `${segmentPath(dir, number)}, byte ${end.offset}`,
      })
  }
  return { damages, ...counts }
}

const damageOf = (read: () => void): string | null => {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

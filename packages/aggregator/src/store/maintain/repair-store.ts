import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase } from '../database/open-database.ts'
import { StoreError } from '../store.ts'
import { checkStore, type StoreCheck, type StoreDamage } from './check-store.ts'

const keys = { chunks: 'id', tails: 'series_id', blocks: 'id' } as const
type Table = keyof typeof keys
const isRow = (damage: StoreDamage): damage is StoreDamage & { table: Table } => damage.table in keys

/**
 * Takes out what {@link checkStore} finds damaged, so that the rest can be read, moved and removed as usual; each row
 * goes into `damaged.ndjson` first, for whoever can make sense of it. Indexes are built anew. A damaged
 * journal is the next start's to set aside. Returns what was wrong, and what still is.
 *
 * @throws StoreError `locked` while an aggregator is at work; `damaged` when SQLite's own pages are, and a backup is needed
 */
export const repairStore = (dir: string): { found: StoreCheck; left: StoreCheck } => {
  const found = checkStore(dir)
  const { db, transaction, close } = openDatabase(dir)
  try {
    transaction(() => {
      for (const { table, id, reason } of found.damages.filter(isRow)) {
        const row = db.prepare(`SELECT * FROM ${table} WHERE ${keys[table]} = ?`).get(id)
        const cells = Object.entries(row ?? {}).map(([name, cell]) => [
          name,
          cell instanceof Uint8Array ? Buffer.from(cell).toString('base64') : cell,
        ])
        appendFileSync(
          join(dir, 'damaged.ndjson'),
          `${JSON.stringify({ table, reason, row: Object.fromEntries(cells) })}\n`,
          { mode: 0o600 },
        )
        db.prepare(`DELETE FROM ${table} WHERE ${keys[table]} = ?`).run(id)
      }
    })
    if (found.damages.some(({ table }) => table === 'database')) db.exec('REINDEX')
  } finally {
    close()
  }
  const left = checkStore(dir)
  const pages = left.damages.find(({ table }) => table === 'database')
  if (pages !== undefined)
    throw new StoreError('damaged', `The database in ${dir} is damaged (${pages.reason}). Restore a backup.`)
  return { found, left }
}

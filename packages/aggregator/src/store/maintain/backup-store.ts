import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { databasePath, openReader } from '../database/open-database.ts'
import { segmentNumbers, segmentPath, syncDirectory } from '../journal/segment-files.ts'
import { makeDirectory } from '../make-directory.ts'
import { StoreError } from '../store.ts'

/**
 * Copies a data directory, also of an aggregator at work, into a new one that can be opened as it is. The journal goes
 * first: what moves from there to the database in between is then in both, and counts once when the copy is opened.
 *
 * @throws StoreError `unwritable` when there is something at `to` already
 */
export const backupStore = (dir: string, to: string): void => {
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new StoreError('unwritable', `${to} is not empty. Name a directory that is not there yet.`)
  makeDirectory(to)
  for (const number of segmentNumbers(dir)) {
    const segment = segmentPath(dir, number)
    // Gone between being listed and being copied: its samples are in the database.
    if (existsSync(segment)) copyFileSync(segment, join(to, basename(segment)))
  }
  const db = openReader(dir)
  try {
    db.prepare('VACUUM INTO ?').run(databasePath(to))
  } finally {
    db.close()
  }
  syncDirectory(to)
}

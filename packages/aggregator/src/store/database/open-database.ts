import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'
import { sqliteCode } from '../store-error-from.ts'
import { migrate, refuseNewer } from './migrations.ts'

export interface Database {
  readonly db: DatabaseSync
  /** All of `work` or nothing of it, durable when this returns. */
  transaction<Result>(work: () => Result): Result
}

/**
 * Opens the database of a directory and keeps it locked until it is closed. SQLite's exclusive mode holds an
 * operating-system lock from the first write on, which ends with the process however that ends: a killed
 * aggregator never blocks the next one. The pid file beside it only lets the refusal name who has it.
 */
export const openDatabase = (dir: string): Database => {
  const file = join(dir, 'perfmon.db')
  const pidFile = join(dir, 'aggregator.pid')
  const db = new DatabaseSync(file)
  try {
    refuseNewer(db, file)
    // auto_vacuum has its say only before the first table, and locking_mode before the first use of the WAL.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    db.exec('PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF')
    migrate(db)
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    db.close()
    if (isBusy(error)) throw new StoreError('locked', lockedBy(dir, pidFile), { cause: error })
    throw error
  }

  return {
    db,
    transaction(work) {
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        db.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk may have made SQLite roll back by itself.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED. */
const isBusy = (error: unknown): boolean => sqliteCode(error) === 5 || sqliteCode(error) === 6

const lockedBy = (dir: string, pidFile: string): string => {
  let owner = 'another process'
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    owner = pid === process.pid ? 'this process already' : `another process (pid ${pid})`
  } catch {
    // It is between taking the lock and writing its pid.
  }
  return `the data directory ${dir} is in use by ${owner}: stop it, or give this aggregator a directory of its own`
}

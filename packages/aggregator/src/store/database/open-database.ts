import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'
import { sqliteCode, storeErrorFrom } from '../store-error-from.ts'
import { migrate, refuseNewer } from './migrations.ts'

export interface Database {
  readonly db: DatabaseSync
  /** All of `work` or nothing of it, durable when this returns. */
  transaction<Result>(work: () => Result): Result
  /** Ends the lock too. */
  close(): void
}

/**
 * Opens the database of a directory and keeps the directory locked until it is closed. The lock is SQLite's own on an
 * empty database beside the real one: an operating-system lock, which ends with the process however that ends, so
 * a killed aggregator never blocks the next one. The real one is not locked, so that queries and backups read it
 * beside the writer. The pid file only lets the refusal name who has it.
 */
export const openDatabase = (dir: string): Database => {
  const file = databasePath(dir)
  const lock = lockDirectory(dir)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file)
    refuseNewer(db, file)
    // auto_vacuum has its say only before the first table.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    db.exec('PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF')
    migrate(db)
    writeFileSync(pidPath(dir), `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    db?.close()
    lock.close()
    // Of an aggregator from before there was a lock file.
    if (isBusy(error)) throw new StoreError('locked', lockedBy(dir), { cause: error })
    throw error
  }
  return databaseOf(db, () => {
    db.close()
    lock.close()
  })
}

export const databasePath = (dir: string): string => join(dir, 'perfmon.db')
const pidPath = (dir: string): string => join(dir, 'aggregator.pid')

/** @throws StoreError `locked` */
const lockDirectory = (dir: string): DatabaseSync => {
  const lock = new DatabaseSync(join(dir, 'aggregator.lock'))
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (isBusy(error)) throw new StoreError('locked', lockedBy(dir), { cause: error })
    throw error
  }
}

/** A second connection that sees what is committed, beside the writer or without one. @throws StoreError */
export const openReader = (dir: string): DatabaseSync => {
  const file = databasePath(dir)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { readOnly: true })
    refuseNewer(db, file)
    db.exec('PRAGMA cache_size = -16384; PRAGMA trusted_schema = OFF')
    return db
  } catch (error) {
    db?.close()
    throw storeErrorFrom(error, dir)
  }
}

const databaseOf = (db: DatabaseSync, close: () => void): Database => {
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
    close,
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED. */
const isBusy = (error: unknown): boolean => sqliteCode(error) === 5 || sqliteCode(error) === 6

const lockedBy = (dir: string): string => {
  let owner = 'another process'
  try {
    const pid = Number.parseInt(readFileSync(pidPath(dir), 'utf8'), 10)
    owner = pid === process.pid ? 'this process already' : `another process (pid ${pid})`
  } catch {
    // It is between taking the lock and writing its pid.
  }
  return `the data directory ${dir} is in use by ${owner}: stop it, or give this aggregator a directory of its own`
}

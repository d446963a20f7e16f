import { StoreError } from './store.ts'

/** SQLite's primary result code of an error of node:sqlite; undefined for other errors. */
export const sqliteCode = (error: unknown): number | undefined => {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

const codesBySystem: Readonly<Record<string, StoreError['code']>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EACCES: 'unwritable',
  EPERM: 'unwritable',
  EROFS: 'unwritable',
  ENOENT: 'unwritable',
  ENOTDIR: 'unwritable',
  EEXIST: 'unwritable',
}

/** https://sqlite.org/rescode.html: PERM, READONLY, CORRUPT, FULL, CANTOPEN, NOTADB. */
const codesBySqlite: Readonly<Record<number, StoreError['code']>> = {
  3: 'unwritable',
  8: 'unwritable',
  11: 'damaged',
  13: 'disk-full',
  14: 'unwritable',
  26: 'damaged',
}

const remedies: Readonly<Record<StoreError['code'], string>> = {
  'disk-full': 'Make room; what was refused was not kept, and later writes go on by themselves',
  unwritable:
    'Give the user of this process the right to write there, or choose another directory with --data',
  damaged:
    'Stop the aggregator, move perfmon.db, perfmon.db-wal and journal-*.log away and start again, or restore a copy',
  overloaded: 'Try again a little later',
  locked: 'Stop the other process',
  closed: 'Open it again',
  failed: 'See the cause',
  'newer-schema': 'Use the newer Perfmon, or another directory',
}

/** What the disk or SQLite said, as the store's own error with place and remedy. */
export const storeErrorFrom = (error: unknown, dir: string): StoreError => {
  if (error instanceof StoreError) return error
  const system = error instanceof Error && 'code' in error ? String(error.code) : ''
  const code = codesBySqlite[sqliteCode(error) ?? -1] ?? codesBySystem[system] ?? 'failed'
  const reason = error instanceof Error ? error.message : String(error)
  return new StoreError(code, `The data directory ${dir} cannot be used: ${reason}. ${remedies[code]}.`, {
    cause: error,
  })
}

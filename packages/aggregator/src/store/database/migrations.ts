import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'

/**
 * Migration n brings a database from schema version n to n + 1. What was released is never edited: a change is
 * a new entry at the end. `user_version` is the schema version, because SQLite changes it in the transaction.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

  CREATE TABLE series (id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, body TEXT NOT NULL);

  -- Full chunks, in the order they were filled, which packs them tightly. The index leads with the bucket of
  -- time so that a moment's writes lie together in it, and so that the oldest are found without looking.
  CREATE TABLE chunks (id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL, series_id INTEGER NOT NULL, samples BLOB NOT NULL);
  CREATE INDEX chunks_by_bucket ON chunks (bucket, series_id);

  -- The newest chunk of each series, replaced while it fills.
  CREATE TABLE tails (series_id INTEGER PRIMARY KEY, samples BLOB NOT NULL);

  CREATE TABLE agents (id TEXT PRIMARY KEY, last_seen_ms REAL NOT NULL, body TEXT NOT NULL);

  CREATE TABLE alerts (id TEXT PRIMARY KEY, state TEXT NOT NULL, updated_ms REAL NOT NULL, body TEXT NOT NULL);
  CREATE INDEX alerts_by_state ON alerts (state, updated_ms);

  CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, time_ms REAL NOT NULL, body TEXT NOT NULL);

  CREATE TABLE cursors (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE deliveries (
    key TEXT PRIMARY KEY,
    event_seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    next_attempt_ms REAL NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX deliveries_by_due ON deliveries (state, next_attempt_ms);
  CREATE INDEX deliveries_by_event ON deliveries (event_seq);
  `,
  `
  -- Samples that came after newer ones of their series. The bucket leads for the same reasons as in chunks.
  CREATE TABLE late_samples (
    bucket INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    time_ms REAL NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (bucket, series_id, time_ms)
  ) WITHOUT ROWID;
  `,
  `
  -- Chunks of spans that are over, many series together, and roll-ups of them. Ids are never used again, so that a
  -- reader may keep a block by its id. The index holds all that is asked before a block is read.
  CREATE TABLE blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tier INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    first_series INTEGER NOT NULL,
    last_series INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    data BLOB NOT NULL
  );
  CREATE UNIQUE INDEX blocks_by_place ON blocks (tier, bucket, first_series, last_series, weight);

  CREATE INDEX series_by_agent ON series (agent_id);
  CREATE INDEX series_by_metric ON series (body ->> 'metric');
  `,
]

const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.user_version)

/** @throws StoreError `newer-schema`. Changes nothing: to be asked before anything else is done to the file. */
export const refuseNewer = (db: DatabaseSync, file: string): void => {
  const version = versionOf(db)
  if (version <= migrations.length) return
  throw new StoreError(
    'newer-schema',
    `${file} was written by a newer Perfmon (schema ${version}, this one knows ${migrations.length}). Use that one, or another directory.`,
  )
}

/** @throws StoreError `failed`, for those who read what older schemas have not. */
export const refuseOlder = (db: DatabaseSync, file: string): void => {
  const version = versionOf(db)
  if (version >= migrations.length) return
  throw new StoreError(
    'failed',
    `${file} was written by an older Perfmon (schema ${version}, this one's is ${migrations.length}). Start the aggregator on it once, or export it: both bring it up to date.`,
  )
}

/** All missing migrations in one transaction: a database is at a version, never between two. */
export const migrate = (db: DatabaseSync): void => {
  db.exec('BEGIN EXCLUSIVE')
  try {
    for (const migration of migrations.slice(versionOf(db))) db.exec(migration)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

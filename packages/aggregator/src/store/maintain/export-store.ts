import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type BlockRows, createBlockRows, stepMsOf, tierBucketEndMs, tiers } from '../database/block-rows.ts'
import { createChunkRows } from '../database/chunk-rows.ts'
import { createLateRows } from '../database/late-rows.ts'
import { openReader } from '../database/open-database.ts'
import { openStore } from '../open-store.ts'
import { withLate } from '../samples/read-late.ts'
import { readSeries } from '../samples/read-series.ts'
import { backupStore } from './backup-store.ts'
import { type ExportLine, exportNumbers, sampleTables } from './export-format.ts'

export interface ExportOptions {
  readonly dir: string
  readonly file: string
  readonly nowMs: number
  readonly warn: (message: string) => void
}

/** Samples of one line at most. */
const samplesPerLine = 10_000

/**
 * Writes everything of a data directory to a file as {@link ExportLine} says. An aggregator may be at work: what is
 * exported is a copy, made first beside the temporary files, in which the journal is worked in.
 */
export const exportStore = async ({ dir, file, nowMs, warn }: ExportOptions): Promise<void> => {
  const copy = mkdtempSync(join(tmpdir(), 'perfmon-export-'))
  try {
    backupStore(dir, copy)
    const retention = { days: 36_500, bytes: Number.MAX_SAFE_INTEGER }
    await (await openStore({ dir: copy, nowMs: () => nowMs, retention, warn })).close()
    await pipeline(Readable.from(textOf(copy, nowMs)), createGzip(), createWriteStream(file, { mode: 0o600 }))
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function* textOf(dir: string, nowMs: number): Generator<string> {
  for (const line of linesOf(dir, nowMs)) yield `${JSON.stringify(line)}\n`
}

function* linesOf(dir: string, exportedMs: number): Generator<ExportLine> {
  const db = openReader(dir)
  try {
    const schema = Number(db.prepare('PRAGMA user_version').get()?.user_version)
    yield { format: 'perfmon-export', version: 1, schema, exportedMs }
    const tables = db
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid`)
      .all()
      .map((row) => String(row.name))
      .filter((name) => !sampleTables.includes(name))
    for (const table of tables) {
      const rows = table === 'sqlite_sequence' ? `sqlite_sequence WHERE name <> 'blocks'` : `"${table}"`
      for (const row of db.prepare(`SELECT * FROM ${rows}`).iterate())
        yield { table, row: row as Record<string, string> }
    }
    const [chunkRows, lateRows, blockRows] = [
      createChunkRows({ db }),
      createLateRows({ db }),
      createBlockRows({ db }),
    ]
    const seriesIds = db
      .prepare('SELECT id FROM series ORDER BY id')
      .all()
      .map((row) => Number(row.id))
    for (const seriesId of seriesIds) {
      const wanted = { seriesId, fromMs: -8.64e15, toMs: 8.64e15, limit: Number.POSITIVE_INFINITY }
      const inOrder = readSeries({ rows: chunkRows, blockRows, pending: [] }, wanted)
      const { timesMs, values } = withLate({ rows: lateRows, pending: [] }, wanted, inOrder)
      for (let from = 0; from < timesMs.length; from += samplesPerLine) {
        const to = from + samplesPerLine
        yield {
          samples: seriesId,
          timesMs: [...timesMs.subarray(from, to)],
          values: exportNumbers(values.subarray(from, to)),
        }
      }
    }
    yield* rollUpsOf(blockRows)
  } finally {
    db.close()
  }
}

/** Those of younger times are made anew from the samples. */
function* rollUpsOf(rows: BlockRows): Generator<ExportLine> {
  const firstRaw = rows.buckets(tiers.raw)[0]
  const beforeMs =
    firstRaw === undefined ? Number.POSITIVE_INFINITY : tierBucketEndMs(tiers.raw, firstRaw - 1)
  for (const tier of [tiers.minute, tiers.hour]) {
    for (const bucket of rows.buckets(tier)) {
      if (tierBucketEndMs(tier, bucket - 1) >= beforeMs) break
      for (const { id } of rows.places(tier, bucket)) {
        const block = rows.open(id)
        for (const seriesId of block.seriesIds) {
          const { timesMs, columns } = block.read(seriesId)!
          const after = timesMs.findIndex((timeMs) => timeMs >= beforeMs)
          const end = after === -1 ? timesMs.length : after
          if (end === 0) continue
          yield {
            rollUps: seriesId,
            stepMs: stepMsOf[tier],
            timesMs: [...timesMs.subarray(0, end)],
            columns: columns.map((column) => exportNumbers(column.subarray(0, end))),
          }
        }
      }
    }
  }
}

import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { BlockEntry } from '../block/block.ts'
import { putInBlocks } from '../compact/put-in-blocks.ts'
import { createBlockRows, stepMsOf, tierBucketOf, tiers } from '../database/block-rows.ts'
import { createChunkRows } from '../database/chunk-rows.ts'
import { openDatabase } from '../database/open-database.ts'
import { makeDirectory } from '../make-directory.ts'
import { readTail, writeSeries } from '../samples/write-series.ts'
import { StoreError } from '../store.ts'
import { type ExportLine, importNumbers, sampleTables } from './export-format.ts'

/** Lines of one transaction. */
const linesPerStep = 200

/**
 * Fills a new data directory from a file that {@link exportStore} wrote. Roll-ups of samples are made when the
 * directory is opened.
 *
 * @throws StoreError `unwritable` when there is something in `dir`; `damaged`, with the line, when the file is not an export
 */
export const importStore = async (file: string, dir: string): Promise<void> => {
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new StoreError('unwritable', `${dir} is not empty. Name a directory that is not there yet.`)
  const source = createReadStream(file)
  const lines = createInterface({ input: source.pipe(createGunzip()), crlfDelay: Number.POSITIVE_INFINITY })
  makeDirectory(dir)
  const database = openDatabase(dir)
  try {
    const put = createLinePutter(database)
    let number = 0
    let step: string[] = []
    const flush = (): void =>
      database.transaction(() => {
        for (const text of step) {
          number += 1
          try {
            put(JSON.parse(text), number)
          } catch (error) {
            if (error instanceof StoreError) throw error
            throw new StoreError('damaged', `${file}, line ${number}: ${(error as Error).message}`, {
              cause: error,
            })
          }
        }
        step = []
      })
    for await (const text of lines) if (step.push(text) >= linesPerStep) flush()
    flush()
    if (number === 0) throw new StoreError('damaged', `${file} is empty: it is not an export`)
  } finally {
    database.close()
  }
}

const createLinePutter = (database: ReturnType<typeof openDatabase>) => {
  const { db } = database
  const chunkRows = createChunkRows(database)
  const blockRows = createBlockRows(database)
  const known = new Map(
    db
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`)
      .all()
      .map((row) => [
        String(row.name),
        db
          .prepare(`SELECT name FROM pragma_table_info(?)`)
          .all(String(row.name))
          .map((column) => String(column.name)),
      ]),
  )

  /** Names go into the statement, so only those that this database has itself. */
  const putRow = (table: string, row: Readonly<Record<string, string | number | null>>): void => {
    const columns = known.get(table)
    const names = Object.keys(row)
    if (
      columns === undefined ||
      sampleTables.includes(table) ||
      names.some((name) => !columns.includes(name))
    )
      throw new TypeError(`table ${JSON.stringify(table)} is not known, or has other columns`)
    if (table === 'sqlite_sequence')
      db.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(row.name ?? null)
    const quoted = names.map((name) => `"${name}"`).join(', ')
    db.prepare(
      `INSERT OR REPLACE INTO "${table}" (${quoted}) VALUES (${names.map(() => '?').join(', ')})`,
    ).run(...Object.values(row))
  }

  return (line: ExportLine, number: number): void => {
    if (number === 1) {
      if (!('format' in line) || line.format !== 'perfmon-export')
        throw new TypeError('it is not an export of Perfmon')
      if (line.version !== 1)
        throw new TypeError(`exports of version ${line.version} are not known to this Perfmon`)
    } else if ('table' in line) putRow(line.table, line.row)
    else if ('samples' in line) {
      const samples = { timesMs: Float64Array.from(line.timesMs), values: importNumbers(line.values) }
      writeSeries(chunkRows, line.samples, samples, readTail(chunkRows, line.samples))
    } else if ('rollUps' in line) {
      const tier = line.stepMs === stepMsOf[tiers.hour] ? tiers.hour : tiers.minute
      const entry: BlockEntry = {
        seriesId: line.rollUps,
        timesMs: Float64Array.from(line.timesMs),
        columns: line.columns.map(importNumbers),
      }
      putInBlocks(blockRows, tier, tierBucketOf(tier, entry.timesMs[0]!), [entry])
    } else throw new TypeError('it is neither a row nor samples nor roll-ups')
  }
}

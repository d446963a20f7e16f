import type { Series } from '@perfmon/protocol'
import type { ChunkRows } from '../database/chunk-rows.ts'
import type { LateRows } from '../database/late-rows.ts'
import type { Database } from '../database/open-database.ts'
import type { SeriesRows } from '../database/series-rows.ts'
import type { LateSamples } from './late-samples.ts'
import type { PendingSamples } from './pending-samples.ts'
import { readTail, type Tail, writeSeries } from './write-series.ts'

/** Written in one transaction: about 20 ms of work, several times what its sync takes. */
const samplesPerSlice = 50_000
const seriesPerSlice = 2000
/** Each is a row: about 20 ms of work. */
const latePerSlice = 5000

export interface WritePendingOptions {
  readonly database: Database
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly seriesRows: SeriesRows
  readonly nextTurn: () => Promise<void>
  /** Hears of a tail that cannot be read, and is about to be replaced. */
  readonly onDamagedTail: (seriesId: number, reason: string) => void
}

export interface PendingWrites {
  readonly samples: PendingSamples
  readonly late: LateSamples
  readonly series: readonly Series[]
}

/**
 * Writes new series, pending and late samples into the database, slice by slice, each a transaction of its own. What is
 * there already is left as it is, so it may be done again from the start after it failed anywhere.
 */
export const writePending = async (
  { database, chunkRows, lateRows, seriesRows, nextTurn, onDamagedTail }: WritePendingOptions,
  { samples, late, series }: PendingWrites,
): Promise<void> => {
  const tailOf = (seriesId: number): Tail | null => {
    try {
      return readTail(chunkRows, seriesId)
    } catch (error) {
      onDamagedTail(seriesId, String(error))
      return null
    }
  }
  if (series.length > 0) database.transaction(() => seriesRows.add(series))
  const all = samples.bySeries()
  for (let next = 0; next < all.length; ) {
    await nextTurn()
    database.transaction(() => {
      const end = Math.min(all.length, next + seriesPerSlice)
      for (let written = 0; next < end && written < samplesPerSlice; next += 1) {
        const fresh = all[next]!
        writeSeries(chunkRows, fresh.seriesId, fresh, tailOf(fresh.seriesId))
        written += fresh.timesMs.length
      }
    })
  }
  const lateSamples = [...late.entries()]
  for (let first = 0; first < lateSamples.length; first += latePerSlice) {
    await nextTurn()
    database.transaction(() => {
      for (const [seriesId, timeMs, value] of lateSamples.slice(first, first + latePerSlice))
        lateRows.put(seriesId, timeMs, value)
    })
  }
}

import type { IngestHealth } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Store, StoreStats } from '../store/store.ts'
import type { Ingest } from './ingest.ts'

export interface IngestHealthOptions {
  readonly ingest: Ingest
  readonly series: SeriesTable
  readonly store: Store
}

/** How receiving goes, as rates between two readings. */
export function createIngestHealth({ ingest, series, store }: IngestHealthOptions) {
  let last: { timeMs: number; samples: number } | undefined
  let samplesPerSecond = 0
  let stats: StoreStats = {
    bytes: 0,
    chunks: 0,
    blocks: 0,
    events: 0,
    queued: 0,
    overloaded: 0,
    outOfOrder: 0,
    readOnlySinceMs: null,
  }
  return {
    async read(nowMs: number): Promise<IngestHealth> {
      const { samples, refusedPoints, tooLatePoints } = ingest.stats()
      if (last && nowMs > last.timeMs)
        samplesPerSecond = ((samples - last.samples) * 1_000) / (nowMs - last.timeMs)
      last = { timeMs: nowMs, samples }
      stats = await store.stats()
      const droppedPoints = refusedPoints + tooLatePoints
      return { samplesPerSecond, series: series.size, droppedPoints, storeBytes: stats.bytes }
    },
    /** As of the last reading. */
    storeStats: () => stats,
  }
}

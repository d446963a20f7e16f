import type { IngestHealth } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Store } from '../store/store.ts'
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
  let storeBytes = 0
  return {
    async read(nowMs: number): Promise<IngestHealth> {
      const { samples, refusedPoints } = ingest.stats()
      if (last && nowMs > last.timeMs)
        samplesPerSecond = ((samples - last.samples) * 1_000) / (nowMs - last.timeMs)
      last = { timeMs: nowMs, samples }
      storeBytes = (await store.stats()).bytes
      return { samplesPerSecond, series: series.size, droppedPoints: refusedPoints, storeBytes }
    },
    /** As of the last reading. */
    storeBytes: () => storeBytes,
  }
}

import type { DurationHistogram } from '../record/duration-histogram.ts'
import type { Recordings } from '../record/recordings.ts'

/**
 * Heap of the loaded probe with nothing recorded: code, OpenTelemetry, hooks. Measured on Node 24.21 as the live heap
 * of an agent with the probe minus one without, after a report.
 */
const baseBytes = 3_000_000

/** Measured on Node 24.21 with four to five attributes and names of 30 characters, rounded up. */
const seriesBytes = 700
const bucketBytes = 8
const keyBytes = 250
const tallySeriesBytes = 400
/** A delta view keeps a copy of every value. */
const deltaSeriesBytes = 500
/** While a report is made its points exist as objects, as bytes and, on their way to the kernel, once more. */
const timesReport = 4

const histogramBytes = ({ series, bounds, keyCount }: DurationHistogram): number =>
  series.length * (seriesBytes + bounds.length * bucketBytes) + keyCount() * keyBytes

const isHistogram = (table: object): table is DurationHistogram => 'bounds' in table

/**
 * Memory that the probe holds, in bytes. V8 does not tell whose an object is, so this is an estimate: entries of the
 * tables times what one was measured to take, and buffers by the size of the last report.
 */
export const estimateMemory = ({
  recordings: { serverDurations, clientDurations, ai, coordination },
  reportBytes,
  isDelta,
}: {
  recordings: Recordings
  /** Of the last report, before compression. */
  reportBytes: number
  isDelta: boolean
}): number => {
  const tables = [
    serverDurations,
    clientDurations,
    ...Object.values(ai ?? {}),
    ...Object.values(coordination ?? {}),
  ].filter(
    (table): table is DurationHistogram | { readonly series: readonly unknown[] } =>
      typeof table === 'object' && 'series' in table,
  )
  const seriesCount = tables.reduce((sum, { series }) => sum + series.length, 0)
  const tableBytes = tables.reduce(
    (sum, table) =>
      sum + (isHistogram(table) ? histogramBytes(table) : table.series.length * tallySeriesBytes),
    0,
  )
  return baseBytes + tableBytes + (isDelta ? seriesCount * deltaSeriesBytes : 0) + timesReport * reportBytes
}

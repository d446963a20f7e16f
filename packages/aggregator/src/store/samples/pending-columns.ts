import type { LateSamples } from './late-samples.ts'
import type { PendingSamples } from './pending-samples.ts'

/** Samples of several series on their way to the thread that answers queries: columns, series after series. */
export interface PendingColumns {
  readonly inOrder: SeriesColumns
  readonly late: SeriesColumns
}

/** Entry i of `counts` says how many of the rows belong to series i of those asked for. */
interface SeriesColumns {
  readonly counts: Uint32Array
  readonly timesMs: Float64Array
  readonly values: Float64Array
}

/** Sources oldest first. */
export const pendingColumns = (
  seriesIds: Uint32Array,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  samples: readonly PendingSamples[],
  late: readonly LateSamples[],
): PendingColumns => {
  const wanted = { afterMs: previousOf(fromMs), beforeMs: toMs, limit: Number.POSITIVE_INFINITY }
  return {
    inOrder: collect(seriesIds, (seriesId) => samples.map((source) => source.range(seriesId, wanted))),
    late: collect(seriesIds, (seriesId) => {
      const found = new Map<number, number>()
      for (const source of late) source.collect(seriesId, { fromMs, toMs }, found)
      return [{ timesMs: Float64Array.from(found.keys()), values: Float64Array.from(found.values()) }]
    }),
  }
}

/** The range of pending samples begins after a time, that of a query at one. */
const previousOf = (timeMs: number): number => timeMs - 2 ** -12

const collect = (
  seriesIds: Uint32Array,
  partsOf: (seriesId: number) => readonly { timesMs: Float64Array; values: Float64Array }[],
): SeriesColumns => {
  const parts = Array.from(seriesIds, partsOf)
  const counts = Uint32Array.from(parts, (ofSeries) =>
    ofSeries.reduce((sum, { timesMs }) => sum + timesMs.length, 0),
  )
  const total = counts.reduce((sum, count) => sum + count, 0)
  const columns = { counts, timesMs: new Float64Array(total), values: new Float64Array(total) }
  let at = 0
  for (const { timesMs, values } of parts.flat()) {
    columns.timesMs.set(timesMs, at)
    columns.values.set(values, at)
    at += timesMs.length
  }
  return columns
}

export interface PendingOfSeries {
  readonly samples: Pick<PendingSamples, 'range'>
  readonly late: Pick<LateSamples, 'collect' | 'count'>
  readonly lateTimesMs: Float64Array
}

/** Series by series what {@link pendingColumns} packed, as readers of samples take it. */
export const unpackPending = ({ inOrder, late }: PendingColumns): PendingOfSeries[] => {
  let inOrderAt = 0
  let lateAt = 0
  return Array.from(inOrder.counts, (count, index) => {
    const timesMs = inOrder.timesMs.subarray(inOrderAt, inOrderAt + count)
    const values = inOrder.values.subarray(inOrderAt, inOrderAt + count)
    const lateCount = late.counts[index]!
    const lateTimesMs = late.timesMs.subarray(lateAt, lateAt + lateCount)
    const lateValues = late.values.subarray(lateAt, lateAt + lateCount)
    inOrderAt += count
    lateAt += lateCount
    return {
      lateTimesMs,
      samples: {
        range(_seriesId, { afterMs, beforeMs, limit }) {
          let [start, end] = [0, timesMs.length]
          while (start < end && timesMs[start]! <= afterMs) start += 1
          while (end > start && timesMs[end - 1]! >= beforeMs) end -= 1
          start = Math.max(start, end - limit)
          return { timesMs: timesMs.subarray(start, end), values: values.subarray(start, end) }
        },
      },
      late: {
        count: lateCount,
        collect(_seriesId, { fromMs, toMs }, found) {
          for (let row = 0; row < lateCount; row += 1)
            if (lateTimesMs[row]! >= fromMs && lateTimesMs[row]! < toMs)
              found.set(lateTimesMs[row]!, lateValues[row]!)
        },
      },
    }
  })
}

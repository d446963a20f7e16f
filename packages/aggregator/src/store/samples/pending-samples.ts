import type { ChunkSamples } from '../chunk/sample-chunk.ts'

/**
 * Samples that are in the journal and not yet in chunks. All series share three columns; each sample knows
 * the one before it of its series. So a sample costs 24 bytes whatever the number of series, and memory is
 * bounded by the journal's bound rather than by a buffer per series.
 */
export interface PendingSamples {
  add(seriesId: number, timeMs: number, value: number): void
  /** The series' samples after `afterMs` and before `beforeMs`, ascending, the newest `limit` of them. */
  of(seriesId: number, range: { afterMs: number; beforeMs: number; limit: number }): ChunkSamples
  /** Each series that has samples here, ascending by id. */
  seriesIds(): Uint32Array
  readonly count: number
}

const none = -1

export const createPendingSamples = (): PendingSamples => {
  let times = new Float64Array(1024)
  let values = new Float64Array(1024)
  let previous = new Int32Array(1024)
  let newest = new Int32Array(1024).fill(none)
  const touched: number[] = []
  let count = 0

  const growColumns = (): void => {
    times = grown(times, new Float64Array(count * 2))
    values = grown(values, new Float64Array(count * 2))
    previous = grown(previous, new Int32Array(count * 2))
  }

  return {
    add(seriesId, timeMs, value) {
      if (count === times.length) growColumns()
      if (seriesId >= newest.length) newest = grown(newest, new Int32Array(seriesId * 2).fill(none))
      const before = newest[seriesId]!
      if (before === none) touched.push(seriesId)
      times[count] = timeMs
      values[count] = value
      previous[count] = before
      newest[seriesId] = count
      count += 1
    },
    of(seriesId, { afterMs, beforeMs, limit }) {
      let last = newest[seriesId] ?? none
      while (last !== none && times[last]! >= beforeMs) last = previous[last]!
      let length = 0
      for (let at = last; at !== none && times[at]! > afterMs && length < limit; at = previous[at]!)
        length += 1
      const samples = { timesMs: new Float64Array(length), values: new Float64Array(length) }
      for (let at = last, index = length - 1; index >= 0; index -= 1, at = previous[at]!) {
        samples.timesMs[index] = times[at]!
        samples.values[index] = values[at]!
      }
      return samples
    },
    seriesIds: () => Uint32Array.from(touched).sort(),
    get count() {
      return count
    },
  }
}

const grown = <Column extends Float64Array | Int32Array>(column: Column, larger: Column): Column => {
  larger.set(column)
  return larger
}

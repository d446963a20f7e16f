import type { Tally, TallySeries } from '../ai/tally.ts'
import type { DurationHistogram, DurationSeries } from '../record/duration-histogram.ts'
import type { Recordings } from '../record/recordings.ts'
import { beatCells, histogramCells, type ThreadMessage } from './thread-message.ts'

const isHistogram = (value: object): value is DurationHistogram => 'record' in value && 'bounds' in value
const isTally = (value: object): value is Tally => 'series' in value && 'add' in value

const sharedCells = (length: number) =>
  new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT))

const bufferOf = (cells: Float64Array) => cells.buffer as SharedArrayBuffer

/**
 * Makes everything that a worker thread's hooks record visible to the main thread, in the moment it is recorded:
 * a thread can be terminated between any two instructions. Histograms and tallies are found by their shape, so
 * that whoever adds one need not think of threads.
 */
export const shareRecordings = ({
  recordings,
  thread,
  beat,
  announce,
}: {
  recordings: Recordings
  thread: number
  /** See {@link beatCells}. */
  beat: Float64Array
  announce: (message: ThreadMessage) => void
}): void => {
  const shareHistogram = (path: string, histogram: DurationHistogram) => {
    const { record, bounds } = histogram
    const shared = new Map<DurationSeries, Float64Array>()
    histogram.record = (series, seconds, weight) => {
      record(series, seconds, weight)
      let cells = shared.get(series)
      if (cells === undefined) {
        cells = sharedCells(histogramCells.firstBucket + bounds.length + 1)
        shared.set(series, cells)
        announce({
          kind: 'histogram',
          thread,
          path,
          attributes: series.attributes,
          cells: bufferOf(cells),
        })
      }
      cells[histogramCells.min] = series.min
      cells[histogramCells.max] = series.max
      cells[histogramCells.sum] = series.sum
      // Last, as they are what is counted.
      cells.set(series.counts, histogramCells.firstBucket)
    }
  }

  const shareTally = (path: string, tally: Tally) => {
    const { add } = tally
    const shared = new Map<TallySeries, Float64Array>()
    tally.add = (key, amount, attributes) => {
      const series = add(key, amount, attributes)
      let cells = shared.get(series)
      if (cells === undefined) {
        cells = sharedCells(1)
        shared.set(series, cells)
        announce({ kind: 'tally', thread, path, attributes: series.attributes, cells: bufferOf(cells) })
      }
      cells[0] = series.value
      return series
    }
  }

  const shareMembers = (prefix: string, members: object) => {
    for (const [name, value] of Object.entries(members) as [string, unknown][]) {
      if (typeof value !== 'object' || value === null) continue
      if (isHistogram(value)) shareHistogram(prefix + name, value)
      else if (isTally(value)) shareTally(prefix + name, value)
    }
  }

  shareMembers('', recordings)
  // What is recorded later has its place already, and is shared when it is put there.
  for (const [name, value] of Object.entries(recordings)) {
    if (value !== undefined) continue
    let put: unknown
    Object.defineProperty(recordings, name, {
      get: () => put,
      set(later: unknown) {
        put = later
        if (typeof later === 'object' && later !== null) shareMembers(`${name}.`, later)
      },
    })
  }

  const cellOf = (place: number) => ({
    get: () => beat[place]!,
    set: (value: number) => {
      beat[place] = value
    },
  })
  Object.defineProperties(recordings.active, {
    server: cellOf(beatCells.activeServer),
    client: cellOf(beatCells.activeClient),
  })
}

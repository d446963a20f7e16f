import type { SampleColumns } from '@perfmon/protocol'
import type { SampleState, Step } from './sample-state.ts'

/** Columns that grow: entry `i` is one number of one series. */
export interface GrowingColumns {
  readonly seriesIds: number[]
  readonly timesMs: number[]
  readonly values: number[]
}

/** The samples of one request on their way to the store. */
export interface IngestBatch {
  /** To be stored; newer than all before them of their series. */
  readonly samples: GrowingColumns
  /** Points not newer than the newest of their series: repeated or late, which only the store can tell. */
  readonly held: GrowingColumns & { readonly isDelta: boolean[] }
  /** To be stored beside `samples`: what of `held` turned out to be late. */
  readonly late: GrowingColumns
  /** The sample state before each change that this request made to it, in order. */
  readonly undo: GrowingColumns
  /** Points further behind the newest of their series than the window allows. */
  readonly tooLatePoints: number
  /** Takes one point of a request. Null when it is not newer than the newest of its series. */
  take(
    seriesId: number,
    startMs: number,
    timeMs: number,
    value: number,
    isDelta: boolean,
    knownSinceMs: number,
  ): Step | null
  /** Takes what no sender will miss: false, and nothing kept, when it is not newer than the newest of its series. */
  takeDerived(seriesId: number, timeMs: number, value: number): boolean
}

export const emptyColumns = (): GrowingColumns => ({ seriesIds: [], timesMs: [], values: [] })

export const packedColumns = ({ seriesIds, timesMs, values }: GrowingColumns): SampleColumns => ({
  seriesIds: Uint32Array.from(seriesIds),
  timesMs: Float64Array.from(timesMs),
  values: Float64Array.from(values),
})

export function pushRow(columns: GrowingColumns, seriesId: number, timeMs: number, value: number): void {
  columns.seriesIds.push(seriesId)
  columns.timesMs.push(timeMs)
  columns.values.push(value)
}

export function createIngestBatch(state: SampleState, lateWindowMs: number): IngestBatch {
  const samples = emptyColumns()
  const held = { ...emptyColumns(), isDelta: [] as boolean[] }
  const undo = emptyColumns()
  let tooLatePoints = 0

  function step(
    seriesId: number,
    startMs: number,
    timeMs: number,
    value: number,
    isDelta: boolean,
    knownSinceMs: number,
  ) {
    const previousTimeMs = state.lastTimeMs(seriesId)
    const previousValue = state.lastValue(seriesId)
    const taken = state.take(seriesId, startMs, timeMs, value, isDelta, knownSinceMs)
    if (!taken) return null
    pushRow(samples, seriesId, timeMs, taken.value)
    pushRow(undo, seriesId, previousTimeMs, previousValue)
    return taken
  }

  return {
    samples,
    held,
    late: emptyColumns(),
    undo,
    get tooLatePoints() {
      return tooLatePoints
    },
    take(seriesId, startMs, timeMs, value, isDelta, knownSinceMs) {
      const taken = step(seriesId, startMs, timeMs, value, isDelta, knownSinceMs)
      if (taken) return taken
      if (state.lastTimeMs(seriesId) - timeMs > lateWindowMs) tooLatePoints += 1
      else {
        pushRow(held, seriesId, timeMs, value)
        held.isDelta.push(isDelta)
      }
      return null
    },
    takeDerived: (seriesId, timeMs, value) => step(seriesId, 0, timeMs, value, false, Number.NaN) !== null,
  }
}

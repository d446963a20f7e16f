import { emptyRows, pushRow, type SampleRows } from './sample-rows.ts'
import type { SampleState, Step } from './sample-state.ts'

/** The samples of one request on their way to the store. */
export interface IngestBatch {
  /** To be stored; newer than all before them of their series. */
  readonly samples: SampleRows
  /** Points not newer than the newest of their series: repeated or late, which only the store can tell. */
  readonly held: SampleRows & { readonly isDelta: number[] }
  /** To be stored beside `samples`: what of `held` turned out to be late. */
  readonly late: SampleRows
  /** The sample state before each change that this request made to it, in order. */
  readonly undo: SampleRows
  /** Points further behind the newest of their series than the window allows. */
  readonly tooLatePoints: number
  /** Takes one point of a request. Null when it is not newer than the newest of its series. */
  take(
    seriesId: number,
    startMs: number,
    timeMs: number,
    value: number,
    isDelta: number,
    knownSinceMs: number,
  ): Step | null
  /** Takes what no sender will miss: false, and nothing kept, when it is not newer than the newest of its series. */
  takeDerived(seriesId: number, timeMs: number, value: number): boolean
}

/** `capacity`: how many samples to expect. */
export function createIngestBatch(state: SampleState, lateWindowMs: number, capacity: number): IngestBatch {
  const samples = emptyRows(capacity)
  const held = { ...emptyRows(), isDelta: [] as number[] }
  const undo = emptyRows(capacity)
  let tooLatePoints = 0

  function step(
    seriesId: number,
    startMs: number,
    timeMs: number,
    value: number,
    isDelta: number,
    knownSinceMs: number,
  ) {
    const previousTimeMs = state.lastTimeMs(seriesId)
    const previousValue = state.lastValue(seriesId)
    const taken = state.take(seriesId, startMs, timeMs, value, isDelta === 1, knownSinceMs)
    if (!taken) return null
    pushRow(samples, seriesId, timeMs, taken.value)
    pushRow(undo, seriesId, previousTimeMs, previousValue)
    return taken
  }

  return {
    samples,
    held,
    late: emptyRows(),
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
    takeDerived: (seriesId, timeMs, value) => step(seriesId, 0, timeMs, value, 0, Number.NaN) !== null,
  }
}

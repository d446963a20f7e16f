import type { LocatedSamples, Store } from '../store/store.ts'
import type { IngestBatch } from './ingest-batch.ts'
import { pushRow } from './sample-rows.ts'
import type { SampleState } from './sample-state.ts'

/** Looked up at once: 10 to 40 ms of the store's time, in which nobody else is answered. */
const pointsPerQuestion = 500

/** Asks the store about a request's held points, so many at a time that others have their turn between. */
export async function locateHeld(
  { held }: IngestBatch,
  store: Pick<Store, 'locateSamples'>,
): Promise<LocatedSamples> {
  const { count } = held
  const located = { isKnown: new Uint8Array(count), valuesBefore: new Float64Array(count) }
  for (let from = 0; from < count; from += pointsPerQuestion) {
    const to = Math.min(count, from + pointsPerQuestion)
    const part = await store.locateSamples(held.seriesIds.slice(from, to), held.timesMs.slice(from, to))
    located.isKnown.set(part.isKnown, from)
    located.valuesBefore.set(part.valuesBefore, from)
  }
  return located
}

/**
 * Sorts a request's held points into repeated ones, which are dropped, and late ones, which become rows of
 * `batch.late`.
 *
 * A value is kept as it is. An increase (delta) joins the running total now, so that every later sample counts it:
 * the series' newest sample is replaced by one with the new total, and at the increase's own time stands the
 * total as it was before it. So it shows where the newest sample is, not where it happened: raising all samples
 * between would rewrite an hour of history, and raising only the one at its time would look like a counter that
 * fell afterwards.
 *
 * Nothing of the same series may be taken between the question to the store and this.
 */
export function settleHeld(
  batch: IngestBatch,
  { isKnown, valuesBefore }: LocatedSamples,
  state: SampleState,
): { latePoints: number; duplicatePoints: number } {
  const { held, late, undo } = batch
  const ownSamples = samplesOfHeldSeries(batch)
  const corrected = new Set<number>()
  let latePoints = 0
  for (let i = 0; i < held.count; i++) {
    const seriesId = held.seriesIds[i]!
    const timeMs = held.timesMs[i]!
    const own = ownSamples.get(seriesId)!
    // A request may hold a point twice, and the store knows nothing of this request yet.
    if (isKnown[i] === 1 || own.has(timeMs)) continue
    own.add(timeMs)
    latePoints += 1
    if (held.isDelta[i] === 1) {
      pushRow(undo, seriesId, state.lastTimeMs(seriesId), state.lastValue(seriesId))
      state.addLate(seriesId, held.values[i]!)
      corrected.add(seriesId)
      const before = valuesBefore[i]!
      // Before its first sample a running total is 0.
      pushRow(late, seriesId, timeMs, Number.isNaN(before) ? 0 : before)
    } else pushRow(late, seriesId, timeMs, held.values[i]!)
  }
  for (const seriesId of corrected)
    pushRow(late, seriesId, state.lastTimeMs(seriesId), state.lastValue(seriesId))
  return { latePoints, duplicatePoints: held.count - latePoints }
}

/** Times of the request's own samples, of those series that have held points. */
function samplesOfHeldSeries({ held, samples }: IngestBatch): Map<number, Set<number>> {
  const times = new Map<number, Set<number>>()
  for (let i = 0; i < held.count; i++) times.set(held.seriesIds[i]!, new Set())
  for (let i = 0; i < samples.count; i++) times.get(samples.seriesIds[i]!)?.add(samples.timesMs[i]!)
  return times
}

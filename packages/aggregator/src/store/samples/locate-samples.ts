import { type LocatedSamples, type SampleRange, StoreError } from '../store.ts'
import type { LastSamples } from './last-samples.ts'
import type { RangeWanted } from './read-series.ts'

export interface LocateOptions {
  readonly read: (wanted: RangeWanted) => SampleRange
  readonly last: LastSamples
}

/**
 * Looks samples up series by series, one range for all that are asked of it. A request that is repeated, the usual
 * case, asks for the newest sample of each of its series: that is answered without reading.
 */
export const locateSamples = (
  { read, last }: LocateOptions,
  seriesIds: Uint32Array,
  timesMs: Float64Array,
): LocatedSamples => {
  const isKnown = new Uint8Array(seriesIds.length)
  const valuesBefore = new Float64Array(seriesIds.length).fill(Number.NaN)
  for (const [seriesId, asked] of groupedBySeries(seriesIds)) {
    const others = asked.filter((index) => {
      if (timesMs[index] !== last.timeMs(seriesId)) return true
      isKnown[index] = 1
      return false
    })
    if (others.length === 0) continue
    const wanted = others.map((index) => timesMs[index]!)
    const fromMs = wanted.reduce((least, timeMs) => Math.min(least, timeMs))
    const lastMs = wanted.reduce((most, timeMs) => Math.max(most, timeMs))
    // The end of a range is not part of it; a microsecond more is.
    const stored = readable(read, { seriesId, fromMs, toMs: lastMs + 0.001, limit: Number.POSITIVE_INFINITY })
    const unknown = others.filter((index) => {
      const at = placeOf(stored.timesMs, timesMs[index]!)
      isKnown[index] = stored.timesMs[at] === timesMs[index] ? 1 : 0
      valuesBefore[index] = isKnown[index] === 1 ? Number.NaN : (stored.values[at - 1] ?? Number.NaN)
      return isKnown[index] === 0 && at === 0
    })
    if (unknown.length === 0) continue
    const before = readable(read, { seriesId, fromMs: Number.NEGATIVE_INFINITY, toMs: fromMs, limit: 1 })
    for (const index of unknown) valuesBefore[index] = before.values[0] ?? Number.NaN
  }
  return { isKnown, valuesBefore }
}

const groupedBySeries = (seriesIds: Uint32Array): Map<number, number[]> => {
  const groups = new Map<number, number[]>()
  for (let index = 0; index < seriesIds.length; index += 1) {
    const group = groups.get(seriesIds[index]!)
    if (group === undefined) groups.set(seriesIds[index]!, [index])
    else group.push(index)
  }
  return groups
}

/**
 * Of a damaged chunk nobody knows what it had. Its samples count as unknown: a repeated increase may then be
 * added twice, but a sender that repeats is not refused for ever.
 */
const readable = (read: LocateOptions['read'], wanted: RangeWanted): SampleRange => {
  try {
    return read(wanted)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'damaged')
      return { timesMs: new Float64Array(0), values: new Float64Array(0) }
    throw error
  }
}

/** Index of the first time that is not before `timeMs`. */
const placeOf = (timesMs: Float64Array, timeMs: number): number => {
  let low = 0
  let high = timesMs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timesMs[middle]! < timeMs) low = middle + 1
    else high = middle
  }
  return low
}

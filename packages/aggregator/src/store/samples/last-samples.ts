import type { Series } from '@perfmon/protocol'

/** The newest sample of every known series, whether on disk or not. */
export interface LastSamples {
  learn(series: Pick<Series, 'id' | 'kind'>): void
  forget(seriesId: number): void
  knows(seriesId: number): boolean
  isCounter(seriesId: number): boolean
  /** Takes a sample that is newer than the last one; false, and nothing changed, when it is not. */
  advance(seriesId: number, timeMs: number, value: number): boolean
  /** Changes the value of the last sample; nothing when that has another time. */
  correct(seriesId: number, timeMs: number, value: number): void
  timeMs(seriesId: number): number
  /** Copies, `length` long; NaN where a series has no sample. */
  /** Time of the newest sample of all; -Infinity when there is none. */
  newestMs(): number
  columns(length: number): { timesMs: Float64Array; values: Float64Array }
  /** One more than the largest id learned. */
  readonly size: number
}

/** As far as a JavaScript Date goes. Beyond it, and for NaN, a time is no time. */
const latestTimeMs = 8.64e15
const other = 1
const counter = 2

export const createLastSamples = (): LastSamples => {
  let known = new Uint8Array(1024)
  let times = new Float64Array(1024).fill(Number.NEGATIVE_INFINITY)
  let values = new Float64Array(1024).fill(Number.NaN)
  let size = 0

  const grow = (length: number): void => {
    const largerTimes = new Float64Array(length).fill(Number.NEGATIVE_INFINITY)
    const largerValues = new Float64Array(length).fill(Number.NaN)
    const largerKnown = new Uint8Array(length)
    largerTimes.set(times)
    largerValues.set(values)
    largerKnown.set(known)
    times = largerTimes
    values = largerValues
    known = largerKnown
  }

  return {
    learn({ id, kind }) {
      if (id >= known.length) grow(id * 2)
      known[id] = kind === 'counter' ? counter : other
      size = Math.max(size, id + 1)
    },
    forget(seriesId) {
      known[seriesId] = 0
    },
    knows: (seriesId) => known[seriesId]! > 0,
    isCounter: (seriesId) => known[seriesId] === counter,
    advance(seriesId, timeMs, value) {
      if (!(timeMs > times[seriesId]! && timeMs <= latestTimeMs)) return false
      times[seriesId] = timeMs
      values[seriesId] = value
      return true
    },
    correct(seriesId, timeMs, value) {
      if (times[seriesId] === timeMs) values[seriesId] = value
    },
    timeMs: (seriesId) => times[seriesId] ?? Number.NEGATIVE_INFINITY,
    newestMs() {
      let newest = Number.NEGATIVE_INFINITY
      for (let id = 0; id < size; id += 1) if (times[id]! > newest) newest = times[id]!
      return newest
    },
    columns(length) {
      const timesMs = new Float64Array(length).fill(Number.NaN)
      for (let id = 0; id < Math.min(length, times.length); id += 1) {
        if (times[id] !== Number.NEGATIVE_INFINITY) timesMs[id] = times[id]!
      }
      const lastValues = new Float64Array(length).fill(Number.NaN)
      lastValues.set(values.subarray(0, length))
      return { timesMs, values: lastValues }
    },
    get size() {
      return size
    },
  }
}

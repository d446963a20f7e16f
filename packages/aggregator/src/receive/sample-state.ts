/** What became of one number that an agent sent. */
export interface Step {
  /** What is stored. For deltas the running total. */
  value: number
  /** What a counter grew by since its previous sample; 0 when nobody knows. */
  growth: number
  /** Time that the growth covers, milliseconds; 0 when nobody knows. */
  coveredMs: number
  /** The series had no sample before. */
  isFirst: boolean
  /** Another process writes the same series: two agents without a `service.instance.id` on one host, most likely. */
  isOverlap: boolean
}

export interface SampleStateOptions {
  /** Last samples by series id, as stored; NaN where there is none. */
  readonly lastTimesMs: Float64Array
  readonly lastValues: Float64Array
}

/**
 * The last sample of every series: tells duplicates from news, adds up deltas and sees counters restart.
 * Columns, because it is touched once per sample.
 */
export interface SampleState {
  /**
   * Takes one sample; null, and nothing changed, when it is not newer than the last (a repeated or late point).
   * `knownSinceMs`: when the agent's previous report was, NaN on its first.
   */
  take(
    seriesId: number,
    startMs: number,
    timeMs: number,
    value: number,
    isDelta: boolean,
    knownSinceMs: number,
  ): Step | null
  /** Adds an increase that came late to the running total; the last sample keeps its time. */
  addLate(seriesId: number, increase: number): void
  /** Puts back what was there before samples that could not be stored, so that the sender's next try is news. */
  restore(seriesId: number, timeMs: number, value: number): void
  lastTimeMs(seriesId: number): number
  lastValue(seriesId: number): number
}

const pointKinds = { unknown: 0, increase: 1, total: 2 } as const

/** A stream that began this recently is seen from its start, so its first value is all growth. */
const freshStreamMs = 60_000

export function createSampleState(stored: SampleStateOptions): SampleState {
  let times = Float64Array.from(stored.lastTimesMs)
  let values = Float64Array.from(stored.lastValues)
  // When each stream began, as far as its sender says; not kept over a restart.
  let starts = new Float64Array(times.length)
  // Whether the last point was an increase or a total; not kept over a restart either.
  let kinds = new Uint8Array(times.length)
  const step: Step = { value: 0, growth: 0, coveredMs: 0, isFirst: false, isOverlap: false }

  function reserve(seriesId: number) {
    if (seriesId < times.length) return
    const capacity = Math.max(1_024, seriesId + 1, times.length * 2)
    const wider = (old: Float64Array) => {
      const column = new Float64Array(capacity).fill(Number.NaN)
      column.set(old)
      return column
    }
    times = wider(times)
    values = wider(values)
    const widerStarts = new Float64Array(capacity)
    widerStarts.set(starts)
    starts = widerStarts
    const widerKinds = new Uint8Array(capacity)
    widerKinds.set(kinds)
    kinds = widerKinds
  }

  return {
    take(seriesId, startMs, timeMs, value, isDelta, knownSinceMs) {
      reserve(seriesId)
      const lastTimeMs = times[seriesId]!
      const lastValue = values[seriesId]!
      const isFirst = Number.isNaN(lastTimeMs)
      if (!isFirst && timeMs <= lastTimeMs) return null
      step.isFirst = isFirst
      step.isOverlap = false
      if (isDelta) {
        step.value = (isFirst ? 0 : lastValue) + value
        step.growth = value
        step.coveredMs = startMs > 0 ? timeMs - startMs : isFirst ? 0 : timeMs - lastTimeMs
      } else if (isFirst) {
        step.value = value
        const agentWasKnown = !Number.isNaN(knownSinceMs)
        const isFresh = startMs > 0 && timeMs - startMs <= freshStreamMs
        // A new attribute set of a known agent, or a stream seen from its start: all of it is new. Anything else
        // happened before anybody watched, and start == time says that the sender itself knows no start (OTLP
        // data model, "unknown start time").
        step.growth = (agentWasKnown || isFresh) && startMs !== timeMs ? value : 0
        step.coveredMs = agentWasKnown ? timeMs - knownSinceMs : isFresh ? timeMs - startMs : 0
      } else {
        // A counter restarted when its stream began after our last sample, or when it fell.
        const restarted = startMs > lastTimeMs || value < lastValue
        // It began elsewhere, but before our last sample: two processes take turns in one series, and the difference of
        // their totals is nobody's growth (OTLP data model, "overlap").
        step.isOverlap =
          startMs > 0 && starts[seriesId]! > 0 && startMs !== starts[seriesId] && startMs <= lastTimeMs
        step.value = value
        // Behind increases a total counts from somewhere else: where it is not less, nobody knows what is new in it.
        const followsIncreases = kinds[seriesId] === pointKinds.increase && !restarted
        step.growth = step.isOverlap || followsIncreases ? 0 : restarted ? value : value - lastValue
        step.coveredMs = timeMs - lastTimeMs
      }
      times[seriesId] = timeMs
      values[seriesId] = step.value
      starts[seriesId] = startMs
      kinds[seriesId] = isDelta ? pointKinds.increase : pointKinds.total
      return step
    },
    addLate(seriesId, increase) {
      values[seriesId]! += increase
    },
    restore(seriesId, timeMs, value) {
      times[seriesId] = timeMs
      values[seriesId] = value
    },
    lastTimeMs: (seriesId) => times[seriesId] ?? Number.NaN,
    lastValue: (seriesId) => values[seriesId] ?? Number.NaN,
  }
}

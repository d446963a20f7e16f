import type { InstrumentKind, InstrumentOptions, NumberInstrument, Observation } from '../api/instruments.ts'
import { createDurationHistogram } from '../record/duration-histogram.ts'
import type { Reading } from '../record/reading.ts'
import { cleanAttributes } from './clean-attributes.ts'
import { type Refuse, shown } from './refusals.ts'
import { createSeriesTable } from './series-table.ts'

export interface Instrument {
  readonly kind: InstrumentKind
  readonly tell: NumberInstrument
  read(): Reading
}

/** What OpenTelemetry takes when nobody chose: made for milliseconds. */
const defaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
const maxBounds = 100

const areBounds = (given: unknown): given is readonly number[] =>
  Array.isArray(given) &&
  given.length <= maxBounds &&
  given.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > given[at - 1]))

const textOf = (given: unknown, longest: number, otherwise: string) =>
  typeof given === 'string' ? given.replace(/[^\x20-\x7e]/g, '').slice(0, longest) : otherwise

/** One instrument of the agent's: its series, at most 500, and its callback. */
export const createInstrument = ({
  kind,
  name,
  options,
  refuse,
}: {
  kind: InstrumentKind
  name: string
  options: InstrumentOptions
  refuse: Refuse
}): Instrument => {
  const subject = `${kind} ${name}`
  const descriptor = {
    name,
    unit: textOf(options.unit, 63, ''),
    description: textOf(options.description, 500, ''),
  }
  const { observe } = options
  if (options.bounds !== undefined && !areBounds(options.bounds)) {
    refuse('value', subject, `bounds are at most ${maxBounds} ascending numbers; the usual ones are used`)
  }
  const histogram =
    kind === 'histogram'
      ? createDurationHistogram({ bounds: areBounds(options.bounds) ? options.bounds : defaultBounds })
      : undefined
  const table = createSeriesTable()

  const isValid = (value: unknown): value is number => {
    if (typeof value === 'number' && Number.isFinite(value) && (kind !== 'counter' || value >= 0)) return true
    refuse(
      'value',
      subject,
      `${shown(value)} is no ${kind === 'counter' ? 'number from 0' : 'finite number'}`,
    )
    return false
  }
  const clean = (attributes: object) => {
    const { attributes: kept, dropped } = cleanAttributes(attributes)
    if (dropped > 0) {
      refuse('value', subject, 'attributes are texts, numbers and booleans, 16 at most; others are left out')
    }
    return kept
  }
  const noSeries = () =>
    refuse('too_many', subject, 'it has 500 attribute sets; further ones of a gauge are not kept')

  const tell: NumberInstrument = (value, attributes) => {
    if (!isValid(value)) return
    const given = typeof attributes === 'object' && attributes !== null ? attributes : undefined
    const key = given === undefined ? '' : JSON.stringify(given)
    if (histogram !== undefined) {
      const series = histogram.find(key) ?? histogram.admit(key, given === undefined ? {} : clean(given))
      histogram.record(series, value)
    } else if (kind === 'gauge') {
      if (!table.set(key, value, () => (given === undefined ? {} : clean(given)))) noSeries()
    } else table.add(key, value, () => (given === undefined ? {} : clean(given)))
  }

  /** What is observed are totals: what was seen last time and is gone now is gone. */
  const ask = () => {
    table.clear()
    let observed: number | readonly Observation[]
    try {
      observed = observe!()
    } catch (error) {
      refuse('callback', subject, `its callback threw: ${String((error as Error)?.message).slice(0, 200)}`)
      return
    }
    if (typeof observed !== 'number' && !Array.isArray(observed)) {
      refuse('callback', subject, 'its callback must return, at once, a number or a list of { value }')
      return
    }
    for (const one of typeof observed === 'number' ? [{ value: observed }] : observed) {
      const { value, attributes } = (one ?? {}) as Observation
      if (!isValid(value)) continue
      const given = attributes ?? {}
      if (!table.set(JSON.stringify(given), value, () => clean(given))) noSeries()
    }
  }

  return {
    kind,
    tell(value, attributes) {
      try {
        tell(value, attributes)
      } catch {
        // A getter that throws, a cycle.
        refuse('value', subject, 'its attributes cannot be read; they are texts, numbers and booleans')
      }
    },
    read() {
      if (histogram !== undefined) return { kind: 'histogram', descriptor, recorded: histogram }
      if (typeof observe === 'function') ask()
      return { kind: kind as 'counter' | 'upDownCounter' | 'gauge', descriptor, points: table.points() }
    },
  }
}

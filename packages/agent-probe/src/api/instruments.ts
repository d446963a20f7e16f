import { probeApi } from './probe-api.ts'

export type InstrumentKind = 'counter' | 'upDownCounter' | 'histogram' | 'gauge'

/** Few different values each: every combination is a series. */
export type Attributes = Record<string, string | number | boolean>

export interface Observation {
  readonly value: number
  readonly attributes?: Attributes
}

export interface InstrumentOptions {
  /** UCUM: `s`, `By`, `1`, or what is counted in braces, `{document}`. */
  readonly unit?: string
  readonly description?: string
  /** Histograms only: upper bounds of the buckets, ascending, at most 100. */
  readonly bounds?: readonly number[]
  /** Asked before each report, instead of being told. Not for histograms. */
  readonly observe?: () => number | readonly Observation[]
}

/** What each kind of instrument is told by. */
export type NumberInstrument = (value: number, attributes?: Attributes) => void

export interface Counter {
  /** Adds; never less than 0. */
  add(value: number, attributes?: Attributes): void
}
export interface UpDownCounter {
  add(value: number, attributes?: Attributes): void
}
export interface Histogram {
  record(value: number, attributes?: Attributes): void
}
export interface Gauge {
  record(value: number, attributes?: Attributes): void
}

const unwatched: NumberInstrument = () => {}

const instrument = (kind: InstrumentKind, name: string, options: InstrumentOptions): NumberInstrument =>
  probeApi()?.instrument?.(kind, name, options) ?? unwatched

/**
 * An instrument under a name of your choice, as OpenTelemetry has them: a letter first, then letters, digits,
 * `_`, `.`, `-` and `/`, at most 255 characters. At most 100 instruments with 500 attribute sets each.
 *
 * @example const documents = counter('research.documents', { unit: '{document}' }); documents.add(3)
 */
export const counter = (name: string, options: InstrumentOptions = {}): Counter => ({
  add: instrument('counter', name, options),
})

/** As {@link counter}, for what also falls. */
export const upDownCounter = (name: string, options: InstrumentOptions = {}): UpDownCounter => ({
  add: instrument('upDownCounter', name, options),
})

/** As {@link counter}, for what has a distribution. */
export const histogram = (name: string, options: InstrumentOptions = {}): Histogram => ({
  record: instrument('histogram', name, options),
})

/**
 * As {@link counter}, for what is as it is right now.
 * @example gauge('research.open_documents', { observe: () => open.size })
 */
export const gauge = (name: string, options: InstrumentOptions = {}): Gauge => ({
  record: instrument('gauge', name, options),
})

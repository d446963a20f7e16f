import { aiMetricNames, coordinationMetricNames, metricNames, vitalMetrics } from '@perfmon/protocol/names'
import type { InstrumentKind, NumberInstrument } from '../api/instruments.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { Reading } from '../record/reading.ts'
import { createInstrument, type Instrument } from './instrument.ts'
import { type Refuse, shown } from './refusals.ts'

const maxInstruments = 100

/** https://opentelemetry.io/docs/specs/otel/metrics/api/#instrument-name-syntax */
const instrumentName = /^[A-Za-z][A-Za-z0-9_./-]{0,254}$/

const kinds = new Set<unknown>(['counter', 'upDownCounter', 'histogram', 'gauge'] satisfies InstrumentKind[])

/** What the probe itself reports: two senders under one name would be one wrong series. */
const taken = new Set<string>(
  [metricNames, aiMetricNames, coordinationMetricNames, vitalMetrics].flatMap((list) => Object.values(list)),
)

/** `counter()` and the like: instruments under names that the agent chooses. */
export const createInstruments = (
  refuse: Refuse,
): { open: ProbeApi['instrument']; read(): readonly Reading[] } => {
  const instruments = new Map<string, Instrument>()
  const nowhere: NumberInstrument = () => {}

  const whyNot = (kind: unknown, name: unknown): (() => void) | undefined => {
    if (typeof name !== 'string' || !instrumentName.test(name)) {
      return () =>
        refuse(
          'name',
          `instrument ${shown(name)}`,
          'a name is a letter, then letters, digits, _ . - and /, 255 characters at most',
        )
    }
    if (name.toLowerCase().startsWith('perfmon.') || taken.has(name)) {
      return () => refuse('name', `instrument ${name}`, 'that name is the probe’s own; put yours before it')
    }
    const known = instruments.get(name.toLowerCase())
    if (!kinds.has(kind) || (known !== undefined && known.kind !== kind)) {
      return () =>
        refuse('kind', `instrument ${name}`, `it is a ${known?.kind} already; two kinds need two names`)
    }
    if (known === undefined && instruments.size >= maxInstruments) {
      return () =>
        refuse(
          'too_many',
          `instrument ${name}`,
          `there are ${maxInstruments} already; use attributes rather than names`,
        )
    }
    return undefined
  }

  return {
    open(kind, name, options) {
      const refused = whyNot(kind, name)
      if (refused !== undefined) {
        refused()
        return nowhere
      }
      // Names are the same in any case, says the specification.
      const key = name.toLowerCase()
      const instrument =
        instruments.get(key) ?? createInstrument({ kind, name, options: options ?? {}, refuse })
      instruments.set(key, instrument)
      return instrument.tell
    },
    read: () => [...instruments.values()].map((instrument) => instrument.read()),
  }
}

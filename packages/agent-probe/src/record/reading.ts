import type { DurationHistogram, MetricAttributes } from './duration-histogram.ts'

interface Described {
  readonly name: string
  readonly description: string
  /** UCUM. */
  readonly unit: string
  readonly integer?: boolean
}

/** A metric as somebody recorded it, cumulative since the process started. */
export type Reading =
  | { readonly kind: 'histogram'; readonly descriptor: Described; readonly recorded: DurationHistogram }
  | {
      readonly kind: 'counter' | 'upDownCounter' | 'gauge'
      readonly descriptor: Described
      readonly points: readonly { readonly value: number; readonly attributes?: MetricAttributes }[]
    }

/** Asked before each report, the last one when `ending`. Must not throw. */
export type ReadingSource = (ending: boolean) => readonly Reading[]

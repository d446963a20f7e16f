import type { Attributes } from '@perfmon/protocol'

/** One value as a collector tells it. */
export interface CollectedPoint {
  readonly metric: string
  readonly unit: string
  readonly value: number
  /** Counters are running totals. */
  readonly kind: 'gauge' | 'counter'
  readonly attributes: Attributes
}

/** Looks at something on its own account, at its own interval. */
export interface Collector {
  /** What there is to tell now; `elapsedMs` since the last time, NaN the first time. */
  collect(elapsedMs: number): CollectedPoint[] | Promise<CollectedPoint[]>
}

export function gauge(
  metric: string,
  unit: string,
  value: number,
  attributes: Attributes = {},
): CollectedPoint {
  return { metric, unit, value, kind: 'gauge', attributes }
}

export function counter(
  metric: string,
  unit: string,
  value: number,
  attributes: Attributes = {},
): CollectedPoint {
  return { metric, unit, value, kind: 'counter', attributes }
}

import type { VitalName } from './names.ts'

/** What a rule looks at: a vital sign of every agent, or one metric's series. */
export type RuleTarget =
  | { vital: VitalName }
  | { metric: string; attributes: Readonly<Record<string, string>> }

/** One threshold: breached above (or below) `value`, for at least `forMs` by sample time. */
export interface RuleLevel {
  readonly value: number
  readonly forMs: number
}

/**
 * A static threshold with up to two levels. Hysteresis: once active it ends only after the value has
 * stayed on the good side of `clear` for `keepFiringMs`.
 */
export interface ThresholdRule {
  readonly kind: 'threshold'
  readonly name: string
  readonly target: RuleTarget
  readonly direction: 'above' | 'below'
  readonly warning: RuleLevel | null
  readonly critical: RuleLevel | null
  readonly keepFiringMs: number
  /** Values at or beyond this are not yet recovered; null: the lowest level's own threshold. */
  readonly clear: number | null
  /** Empty: every swarm. */
  readonly swarms: readonly string[]
  /** Agent names (`service.name`) it applies to; empty: all. */
  readonly agents: readonly string[]
  readonly summary: string
  readonly unit: string
  readonly labels: Readonly<Record<string, string>>
}

/** An agent that stops reporting: late after `missedReports` of its own reporting intervals, at least `minimumMs`. */
export interface AbsenceRule {
  readonly kind: 'absence'
  readonly name: string
  readonly missedReports: number
  readonly minimumMs: number
  readonly severity: 'warning' | 'critical'
  readonly swarms: readonly string[]
  readonly agents: readonly string[]
  readonly summary: string
  readonly labels: Readonly<Record<string, string>>
}

export type Rule = ThresholdRule | AbsenceRule

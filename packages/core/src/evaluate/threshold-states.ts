import type { ThresholdRule } from '@perfmon/protocol'

/**
 * What a sample does to a threshold:
 *
 * ```
 *            breach                 breach lasted `for`
 *   quiet ───────────▶ pending ─────────────────────────▶ active(warning) ──▶ active(critical)
 *     ▲                   │                                     │  higher level lasted its own `for`
 *     │   no breach       │                                     │
 *     ├───────────────────┘          good for `keepFiring`      │
 *     └─────────────────────────────────────────────────────────┘
 * ```
 *
 * - Time is the samples' own: a delayed batch is judged as if it had come in time.
 * - Each level has its own `for`; the highest level that has lasted counts.
 * - While active the severity never falls: the alert says how bad it got. It ends as a whole.
 * - "Good" is beyond `clear` (hysteresis), not merely below the threshold.
 * - After a gap longer than {@link staleAfterMs} a breach counts from new: nobody knows what happened between.
 */
export type ThresholdStep = 'nothing' | 'pending' | 'withdrawn' | 'raised' | 'worsened' | 'recovered'

/** As long as Prometheus looks back for a sample before it calls a series stale. */
export const staleAfterMs = 300_000

export type Level = 0 | 1 | 2

/** A stored alert, as far as its threshold's state is concerned. Times in Unix milliseconds. */
export interface RestoredThreshold {
  readonly level: Level
  readonly pendingSinceMs: number
  readonly lastTimeMs: number
}

export interface ThresholdStates {
  /** Makes room for a state and returns its slot. Slots of released states are used again. */
  claim(): number
  release(slot: number): void
  restore(slot: number, restored: RestoredThreshold): void
  /** `timeMs` is the sample's own time, `nowMs` when it arrived. */
  step(slot: number, rule: ThresholdRule, timeMs: number, value: number, nowMs: number): ThresholdStep
  /** 0 quiet or pending, 1 warning, 2 critical. */
  level(slot: number): Level
  /** When the present breach began, NaN when there is none. */
  breachedSinceMs(slot: number): number
  /** When its last sample arrived, NaN when none did: a sender's clock says nothing of its silence. */
  heardMs(slot: number): number
  readonly claimed: number
}

/**
 * States of all thresholds as columns: a step touches a few numbers and allocates nothing, because it runs
 * once per rule and sample.
 */
export function createThresholdStates(): ThresholdStates {
  let capacity = 1_024
  let used = 0
  let levels = new Uint8Array(capacity)
  let warningSince = new Float64Array(capacity).fill(Number.NaN)
  let criticalSince = new Float64Array(capacity).fill(Number.NaN)
  let goodSince = new Float64Array(capacity).fill(Number.NaN)
  let lastTimes = new Float64Array(capacity).fill(Number.NaN)
  let heard = new Float64Array(capacity).fill(Number.NaN)
  const free: number[] = []

  function grow() {
    capacity *= 2
    const wider = (old: Float64Array<ArrayBuffer>) => {
      const column = new Float64Array(capacity).fill(Number.NaN)
      column.set(old)
      return column
    }
    const widerLevels = new Uint8Array(capacity)
    widerLevels.set(levels)
    levels = widerLevels
    warningSince = wider(warningSince)
    criticalSince = wider(criticalSince)
    goodSince = wider(goodSince)
    lastTimes = wider(lastTimes)
    heard = wider(heard)
  }

  function clear(slot: number) {
    levels[slot] = 0
    warningSince[slot] = Number.NaN
    criticalSince[slot] = Number.NaN
    goodSince[slot] = Number.NaN
    lastTimes[slot] = Number.NaN
    heard[slot] = Number.NaN
  }

  return {
    claim() {
      const reused = free.pop()
      if (reused !== undefined) return reused
      if (used === capacity) grow()
      used += 1
      return used - 1
    },
    release(slot) {
      clear(slot)
      free.push(slot)
    },
    restore(slot, { level, pendingSinceMs, lastTimeMs }) {
      levels[slot] = level
      warningSince[slot] = pendingSinceMs
      // A pending alert does not say which level it was waiting for: critical starts waiting anew.
      criticalSince[slot] = level === 2 ? pendingSinceMs : Number.NaN
      goodSince[slot] = Number.NaN
      lastTimes[slot] = lastTimeMs
    },
    step(slot, rule, timeMs, value, nowMs) {
      heard[slot] = nowMs
      const above = rule.direction === 'above'
      const beyond = (limit: number) => (above ? value > limit : value < limit)
      const wasPending = !Number.isNaN(warningSince[slot]!) || !Number.isNaN(criticalSince[slot]!)
      const gap = timeMs - lastTimes[slot]! > staleAfterMs
      lastTimes[slot] = timeMs

      const isCritical = rule.critical !== null && beyond(rule.critical.value)
      const isWarning = (rule.warning !== null && beyond(rule.warning.value)) || isCritical
      const since = (column: Float64Array, breached: boolean) => {
        if (!breached) column[slot] = Number.NaN
        else if (gap || Number.isNaN(column[slot]!)) column[slot] = timeMs
      }
      since(criticalSince, isCritical)
      since(warningSince, isWarning)

      const lasted = (column: Float64Array, forMs: number) => timeMs - column[slot]! >= forMs
      let due: Level = 0
      if (isCritical && rule.critical && lasted(criticalSince, rule.critical.forMs)) due = 2
      else if (isWarning && rule.warning && lasted(warningSince, rule.warning.forMs)) due = 1

      const before = levels[slot] as Level
      if (due > before) {
        levels[slot] = due
        goodSince[slot] = Number.NaN
        return before === 0 ? 'raised' : 'worsened'
      }
      if (before > 0) {
        const lowest = (rule.warning ?? rule.critical)!.value
        const stillBad = isWarning || beyond(rule.clear ?? lowest)
        if (stillBad || gap) goodSince[slot] = Number.NaN
        if (stillBad) return 'nothing'
        if (Number.isNaN(goodSince[slot]!)) goodSince[slot] = timeMs
        if (timeMs - goodSince[slot]! < rule.keepFiringMs) return 'nothing'
        levels[slot] = 0
        goodSince[slot] = Number.NaN
        return 'recovered'
      }
      if (isWarning) return wasPending ? 'nothing' : 'pending'
      return wasPending ? 'withdrawn' : 'nothing'
    },
    level: (slot) => levels[slot] as Level,
    breachedSinceMs: (slot) => {
      const warning = warningSince[slot]!
      return Number.isNaN(warning) ? criticalSince[slot]! : warning
    },
    heardMs: (slot) => heard[slot]!,
    get claimed() {
      return used - free.length
    },
  }
}

import type { Pace } from '../send/report-reader.ts'
import type { WriteLine } from '../write-line.ts'
import type { Rung } from './budget-ladder.ts'
import { type BudgetLimits, type BudgetState, keepBudget, untroubled } from './keep-budget.ts'

/** What the probe has used since it started. */
export interface BudgetTotals {
  readonly reportSeconds: number
  readonly hookSeconds: number
  readonly memoryBytes: number
}

export interface BudgetView {
  readonly state: BudgetState
  readonly limits: BudgetLimits
  /** Steps so far, by direction. */
  readonly changes: { readonly down: number; readonly up: number }
}

export interface BudgetWatch {
  /** Measures, decides, and applies what was decided. */
  look(): void
  view(): BudgetView
}

/** `pace` of a rung: the interval set, made longer. */
export const slowPace = ({ intervalMs, idleIntervalMs }: Pace, { intervalFactor }: Rung): Pace => ({
  intervalMs: intervalMs * intervalFactor,
  idleIntervalMs: Math.max(idleIntervalMs, intervalMs * intervalFactor),
})

const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`

/** Looks at what the probe uses and lets `apply` know of each step. One line tells that it does less, one that not. */
export const watchBudget = ({
  limits,
  ladder,
  read,
  nowMs,
  apply,
  writeLine,
}: {
  limits: BudgetLimits
  ladder: readonly Rung[]
  read: () => BudgetTotals
  /** Monotonic. */
  nowMs: () => number
  apply: (rung: Rung, isFull: boolean) => void
  writeLine: WriteLine
}): BudgetWatch => {
  const changes = { down: 0, up: 0 }
  const told = new Set<string>()
  let state = untroubled
  let before = read()
  let atMs = nowMs()

  const tellOnce = (what: string, text: string) => {
    if (told.has(what)) return
    told.add(what)
    writeLine('warn', text)
  }

  const tell = (last: BudgetState) => {
    if (state.step > last.step) {
      tellOnce(
        'less',
        `the probe would use more than ${percent(limits.cpuShare)} of a core: it reports less often, and records less` +
          ' if that is not enough. Set PERFMON_MAX_CPU_PERCENT to allow more',
      )
    } else if (state.step === 0 && last.step > 0)
      tellOnce('all', 'the probe records and reports in full again')
    if (state.isFull && !last.isFull) {
      tellOnce(
        'full',
        `the probe's memory of ${limits.memoryBytes / 1e6} MB is used up: new combinations of attributes are counted` +
          ' together. Set PERFMON_MAX_MEMORY_MB to allow more',
      )
    }
  }

  return {
    look() {
      const totals = read()
      const lookedAtMs = nowMs()
      const last = state
      state = keepBudget(
        last,
        {
          seconds: (lookedAtMs - atMs) / 1000,
          reportSeconds: totals.reportSeconds - before.reportSeconds,
          hookSeconds: totals.hookSeconds - before.hookSeconds,
          memoryBytes: totals.memoryBytes,
        },
        { limits, ladder },
      )
      before = totals
      atMs = lookedAtMs
      if (state.step > last.step) changes.down++
      if (state.step < last.step) changes.up++
      if (state.step === last.step && state.isFull === last.isFull) return
      apply(ladder[state.step]!, state.isFull)
      tell(last)
    },
    view: () => ({ state, limits, changes }),
  }
}

import { predictShare, type Rung } from './budget-ladder.ts'

export interface BudgetLimits {
  /** Of one core: 0.01 is 1 %. */
  readonly cpuShare: number
  readonly memoryBytes: number
}

/** What the probe used since the last look. */
export interface BudgetReading {
  readonly seconds: number
  /** CPU seconds to collect, serialise and send. */
  readonly reportSeconds: number
  /** CPU seconds in the hooks, estimated. */
  readonly hookSeconds: number
  /** Estimated memory of the probe's tables and buffers. */
  readonly memoryBytes: number
}

export interface BudgetState {
  /** Index in the ladder; 0 is everything. */
  readonly step: number
  /** No new attribute sets are admitted. */
  readonly isFull: boolean
  /** Smoothed shares of one core. */
  readonly reportShare: number
  readonly hookShare: number
  /** How long a step up would have been possible. */
  readonly calmSeconds: number
  /** How long it must be. Doubles with each step up that did not last. */
  readonly neededSeconds: number
  readonly secondsSinceStepUp: number
}

/** The budget is kept over about this long: one costly report is no reason. Seconds. */
const smoothingSeconds = 10
/** Shares of the budget: at `high` the probe steps down, to where it will use at most `target`. */
const high = 0.8
const target = 0.6
const firstNeededSeconds = 30
const longestNeededSeconds = 600
/** A step up that lasted shorter was a mistake. */
const lastingSeconds = 120
/** Shares of the memory limit at which tables close and open again. */
const memoryHigh = 0.9
const memoryLow = 0.7

export const untroubled: BudgetState = {
  step: 0,
  isFull: false,
  reportShare: 0,
  hookShare: 0,
  calmSeconds: 0,
  neededSeconds: firstNeededSeconds,
  secondsSinceStepUp: Number.POSITIVE_INFINITY,
}

const total = ({ reportShare, hookShare }: { reportShare: number; hookShare: number }) =>
  reportShare + hookShare

/**
 * One look at what the probe uses, as a pure function. The states are the rungs of the ladder:
 *
 * - **down** as soon as the smoothed share of CPU passes 80 % of the budget: to the first rung below that is predicted
 *   to use at most 60 % of it, else to the last. The smoothed shares become the predicted ones, so that what was
 *   used above does not push further down.
 * - **up** by one rung when the rung above is predicted to use at most 60 %, and has been for 30 s. When the
 *   probe must go down again within 120 s of a step up, the next wait is twice as long, up to 10 minutes;
 *   a step up that lasts sets it back.
 * - **full** (apart from the rungs) from 90 % of the memory limit until 70 %: new attribute sets overflow.
 */
export const keepBudget = (
  state: BudgetState,
  reading: BudgetReading,
  { limits, ladder }: { limits: BudgetLimits; ladder: readonly Rung[] },
): BudgetState => {
  const { seconds } = reading
  if (!(seconds > 0)) return state
  const weight = 1 - Math.exp(-seconds / smoothingSeconds)
  const smooth = (before: number, usedSeconds: number) => before + weight * (usedSeconds / seconds - before)
  const shares = {
    reportShare: smooth(state.reportShare, reading.reportSeconds),
    hookShare: smooth(state.hookShare, reading.hookSeconds),
  }
  const secondsSinceStepUp = state.secondsSinceStepUp + seconds
  const hasLasted = state.secondsSinceStepUp <= lastingSeconds && secondsSinceStepUp > lastingSeconds
  const memoryShare = reading.memoryBytes / limits.memoryBytes
  const looked: BudgetState = {
    ...state,
    ...shares,
    isFull: memoryShare >= (state.isFull ? memoryLow : memoryHigh),
    secondsSinceStepUp,
    neededSeconds: hasLasted ? firstNeededSeconds : state.neededSeconds,
  }
  const here = ladder[state.step]!
  const at = (step: number) => predictShare(shares, here, ladder[step]!)
  const fits = (step: number) => total(at(step)) <= target * limits.cpuShare
  // A load that has just come is more than its smoothed share says yet: the way down is chosen by the larger.
  const worst = {
    reportShare: Math.max(shares.reportShare, reading.reportSeconds / seconds),
    hookShare: Math.max(shares.hookShare, reading.hookSeconds / seconds),
  }
  const atWorst = (step: number) => predictShare(worst, here, ladder[step]!)

  const last = ladder.length - 1
  if (total(shares) > high * limits.cpuShare && state.step < last) {
    let step = state.step + 1
    while (step < last && total(atWorst(step)) > target * limits.cpuShare) step++
    return {
      ...looked,
      ...atWorst(step),
      step,
      calmSeconds: 0,
      neededSeconds:
        state.secondsSinceStepUp <= lastingSeconds
          ? Math.min(longestNeededSeconds, 2 * state.neededSeconds)
          : looked.neededSeconds,
      secondsSinceStepUp: Number.POSITIVE_INFINITY,
    }
  }
  if (state.step === 0 || !fits(state.step - 1)) return { ...looked, calmSeconds: 0 }
  const calmSeconds = state.calmSeconds + seconds
  if (calmSeconds < looked.neededSeconds) return { ...looked, calmSeconds }
  return { ...looked, ...at(state.step - 1), step: state.step - 1, calmSeconds: 0, secondsSinceStepUp: 0 }
}

import { describe, expect, test } from 'vitest'
import { adaptiveLadder, predictShare, type Rung, recordingLadder } from './budget-ladder.ts'
import { type BudgetState, keepBudget, untroubled } from './keep-budget.ts'

const limits = { cpuShare: 0.01, memoryBytes: 16e6 }

/** What an agent would cost the probe on the first rung, as shares of a core. */
interface Load {
  readonly reportShare: number
  readonly hookShare: number
  readonly memoryBytes?: number
}

/** Lives through simulated time: each look comes after the interval of the rung in force. */
const live = (
  load: (atSeconds: number) => Load,
  { seconds, ladder = recordingLadder }: { seconds: number; ladder?: readonly Rung[] },
) => {
  const steps: { at: number; step: number }[] = []
  let state: BudgetState = untroubled
  let usedSeconds = 0
  let worstShare = 0
  const recent: { at: number; used: number }[] = []
  for (let at = 0; at < seconds; ) {
    const here = ladder[state.step]!
    const interval = here.intervalFactor
    at += interval
    const { memoryBytes = 1e6, ...shares } = load(at)
    const used = predictShare(shares, ladder[0]!, here)
    const reportSeconds = used.reportShare * interval
    const hookSeconds = used.hookShare * interval
    usedSeconds += reportSeconds + hookSeconds
    recent.push({ at, used: reportSeconds + hookSeconds })
    while (recent[0]!.at <= at - 60) recent.shift()
    if (at >= 60) worstShare = Math.max(worstShare, recent.reduce((sum, { used }) => sum + used, 0) / 60)
    const next = keepBudget(
      state,
      { seconds: interval, reportSeconds, hookSeconds, memoryBytes },
      { limits, ladder },
    )
    if (next.step !== state.step) steps.push({ at, step: next.step })
    state = next
  }
  return { state, steps, meanShare: usedSeconds / seconds, worstShare }
}

test('an agent that costs little is never disturbed', () => {
  const { steps } = live(() => ({ reportShare: 0.003, hookShare: 0.003 }), { seconds: 3600 })
  expect(steps).toEqual([])
})

test('one costly report is no reason', () => {
  const { steps } = live((at) => ({ reportShare: at === 1 ? 0.05 : 0.003, hookShare: 0 }), { seconds: 600 })
  expect(steps).toEqual([])
})

test('costly reports become rarer, and nothing else changes', () => {
  const { state, meanShare } = live(() => ({ reportShare: 0.02, hookShare: 0 }), { seconds: 3600 })
  expect(recordingLadder[state.step]).toMatchObject({ intervalFactor: 4, detail: 'full', keepOneOf: 1 })
  expect(meanShare).toBeLessThan(limits.cpuShare)
})

test('costly hooks are sampled, straight away', () => {
  const { state, steps, worstShare } = live(() => ({ reportShare: 0.002, hookShare: 0.015 }), {
    seconds: 600,
  })
  expect(recordingLadder[state.step]!.keepOneOf).toBeGreaterThan(1)
  expect(steps).toHaveLength(1)
  expect(worstShare).toBeLessThan(limits.cpuShare)
})

test('at the bottom of the ladder it stays, whatever it costs', () => {
  const { state } = live(() => ({ reportShare: 1, hookShare: 1 }), { seconds: 60 })
  expect(state.step).toBe(recordingLadder.length - 1)
})

describe('after the load has gone', () => {
  const busyUntil = 300
  const load = (at: number) => ({ reportShare: 0.002, hookShare: at < busyUntil ? 0.03 : 0.0005 })

  test('it recovers one step at a time, each after 30 quiet seconds', () => {
    const { state, steps } = live(load, { seconds: 3600 })
    expect(state.step).toBe(0)
    const up = steps.filter(({ at }) => at > busyUntil)
    expect(up.map(({ step }) => step)).toEqual(up.map((_, index) => up[0]!.step - index))
    const gaps = up.slice(1).map(({ at }, index) => at - up[index]!.at)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30)
  })

  test('a load that comes and goes is answered ever more slowly, so that steps do not flutter', () => {
    const fluttering = live(
      (at) => ({ reportShare: 0.002, hookShare: Math.floor(at / 100) % 2 === 0 ? 0.03 : 0.0005 }),
      { seconds: 7200 },
    )
    const perHour = (from: number) =>
      fluttering.steps.filter(({ at }) => at >= from && at < from + 3600).length
    expect(perHour(3600)).toBeLessThan(perHour(0))
    expect(fluttering.worstShare).toBeLessThan(3 * limits.cpuShare)
  })
})

test('adaptive sampling keeps the interval while it can', () => {
  const { state, worstShare } = live(() => ({ reportShare: 0.002, hookShare: 0.015 }), {
    seconds: 600,
    ladder: adaptiveLadder,
  })
  expect(adaptiveLadder[state.step]).toMatchObject({ intervalFactor: 1, detail: 'full' })
  expect(adaptiveLadder[state.step]!.keepOneOf).toBeGreaterThan(1)
  expect(worstShare).toBeLessThan(limits.cpuShare)
})

test('tables close at 90 % of the memory and open again at 70 %', () => {
  const look = (state: BudgetState, memoryBytes: number) =>
    keepBudget(
      state,
      { seconds: 1, reportSeconds: 0, hookSeconds: 0, memoryBytes },
      { limits, ladder: recordingLadder },
    )
  const full = look(untroubled, 0.91 * limits.memoryBytes)
  expect(full.isFull).toBe(true)
  expect(look(full, 0.8 * limits.memoryBytes).isFull).toBe(true)
  expect(look(full, 0.69 * limits.memoryBytes).isFull).toBe(false)
})

test('no time, no decision', () => {
  const reading = { seconds: 0, reportSeconds: 1, hookSeconds: 1, memoryBytes: 0 }
  expect(keepBudget(untroubled, reading, { limits, ladder: recordingLadder })).toBe(untroubled)
})

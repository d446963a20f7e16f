import type { ThresholdRule } from '@perfmon/protocol'
import { describe, expect, test } from 'vitest'
import { createThresholdStates, staleAfterMs } from './threshold-states.ts'

const rule: ThresholdRule = {
  kind: 'threshold',
  name: 'Hot',
  target: { vital: 'cpu' },
  direction: 'above',
  warning: { value: 70, forMs: 2_000 },
  critical: { value: 90, forMs: 1_000 },
  keepFiringMs: 2_000,
  clear: 60,
  swarms: [],
  agents: [],
  summary: '',
  unit: '',
  labels: {},
}

/** One sample a second; `_` is a second without one. Answers what each sample did, as one letter, `.` for nothing. */
function run(values: string, over: Partial<ThresholdRule> = {}): string {
  const states = createThresholdStates()
  const slot = states.claim()
  const letters = { nothing: '.', pending: 'p', withdrawn: 'w', raised: 'R', worsened: 'W', recovered: 'o' }
  return values
    .split(' ')
    .map((value, second) =>
      value === '_'
        ? '_'
        : letters[states.step(slot, { ...rule, ...over }, second * 1_000, Number(value), second * 1_000)],
    )
    .join('')
}

describe('a threshold', () => {
  test.each([
    ['calm', '50 60 70', '...'],
    ['a breach shorter than `for` is withdrawn', '71 71 50', 'p.w'],
    ['a breach that lasts is raised', '71 71 71 71', 'p.R.'],
    ['critical has its own `for`', '95 95', 'pR'],
    ['a warning that gets critical worsens after critical has lasted', '71 71 71 95 95 95', 'p.R.W.'],
    ['severity never falls', '95 95 71 71 71 71', 'pR....'],
    ['below the threshold is not yet clear', '95 95 65 65 65 65', 'pR....'],
    ['clear for keep_firing_for ends it', '95 95 55 55 55 55', 'pR..o.'],
    ['a relapse starts the clear time again', '95 95 55 65 55 55 55', 'pR....o'],
    ['a second without a sample does not break a breach', '71 _ 71', 'p_R'],
    ['after the end it can begin anew', '95 95 55 55 55 95 95', 'pR..opR'],
  ])('%s', (_sentence, values, steps) => {
    expect(run(values)).toBe(steps)
  })

  test('without `for` the first breach raises', () => {
    expect(run('95', { critical: { value: 90, forMs: 0 } })).toBe('R')
  })

  test('below works the other way round', () => {
    const over = {
      direction: 'below',
      warning: { value: 10, forMs: 0 },
      critical: null,
      clear: 20,
      keepFiringMs: 0,
    } as const
    expect(run('15 9 15 21', over)).toBe('.R.o')
  })

  test('after a gap nobody knows: the breach counts from new', () => {
    const states = createThresholdStates()
    const slot = states.claim()
    expect(states.step(slot, rule, 0, 71, 0)).toBe('pending')
    expect(states.step(slot, rule, staleAfterMs + 1, 71, 0)).toBe('nothing')
    expect(states.step(slot, rule, staleAfterMs + 1_001, 71, 0)).toBe('nothing')
    expect(states.step(slot, rule, staleAfterMs + 2_001, 71, 0)).toBe('raised')
  })
})

test('thousands of states grow the columns and keep what they hold; a released slot is clean', () => {
  const states = createThresholdStates()
  const slots = Array.from({ length: 3_000 }, () => states.claim())
  states.restore(slots[5]!, { level: 2, pendingSinceMs: 1, lastTimeMs: 2 })
  expect(states.level(slots[5]!)).toBe(2)
  states.release(slots[5]!)
  expect(states.claim()).toBe(slots[5])
  expect(states.level(slots[5]!)).toBe(0)
  expect(states.claimed).toBe(3_000)
})

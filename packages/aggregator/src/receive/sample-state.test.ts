import { expect, test } from 'vitest'
import { createSampleState } from './sample-state.ts'

const none = new Float64Array()
const make = () => createSampleState({ lastTimesMs: none, lastValues: none })
const known = 500

test('a counter grows by the difference', () => {
  const state = make()
  state.take(0, 0, 1_000, 10, false, Number.NaN)
  expect(state.take(0, 0, 2_000, 15, false, known)).toMatchObject({ value: 15, growth: 5, coveredMs: 1_000 })
})

test.each([
  ['falls', 0, 3],
  ['begins anew without falling', 1_500, 30],
])('a counter that %s restarted: all of it is growth', (_how, startMs, value) => {
  const state = make()
  state.take(0, 1, 1_000, 10, false, Number.NaN)
  expect(state.take(0, startMs, 2_000, value, false, known)).toMatchObject({ value, growth: value })
})

test('the first value of a long-running counter happened before anybody watched', () => {
  expect(make().take(0, 1, 3_600_000, 999, false, Number.NaN)).toMatchObject({
    value: 999,
    growth: 0,
    coveredMs: 0,
  })
})

test('the first value of a fresh stream, or of a new attribute set of a known agent, is growth', () => {
  expect(make().take(0, 1_000, 3_000, 4, false, Number.NaN)).toMatchObject({ growth: 4, coveredMs: 2_000 })
  expect(make().take(0, 1, 3_600_000, 4, false, 3_599_000)).toMatchObject({ growth: 4, coveredMs: 1_000 })
})

test('deltas add up', () => {
  const state = make()
  expect(state.take(0, 0, 1_000, 5, true, Number.NaN)).toMatchObject({ value: 5, growth: 5 })
  expect(state.take(0, 1_000, 2_000, 2, true, known)).toMatchObject({ value: 7, growth: 2, coveredMs: 1_000 })
})

test('a repeated or late point is no news', () => {
  const state = make()
  state.take(0, 0, 1_000, 5, true, Number.NaN)
  expect(state.take(0, 0, 1_000, 5, true, known)).toBeNull()
  expect(state.take(0, 0, 900, 5, true, known)).toBeNull()
  expect(state.lastValue(0)).toBe(5)
})

test('an increase that came late is in the total from then on', () => {
  const state = make()
  state.take(0, 0, 1_000, 5, true, Number.NaN)
  state.addLate(0, 4)
  expect(state.lastTimeMs(0)).toBe(1_000)
  expect(state.take(0, 0, 2_000, 3, true, known)).toMatchObject({ value: 12, growth: 3 })
})

test('what could not be stored is put back, and then is news again', () => {
  const state = make()
  state.take(0, 0, 1_000, 5, true, Number.NaN)
  state.take(0, 0, 2_000, 3, true, known)
  state.restore(0, 1_000, 5)
  expect(state.take(0, 0, 2_000, 3, true, known)).toMatchObject({ value: 8, growth: 3 })
})

test('it goes on from what was stored', () => {
  const state = createSampleState({
    lastTimesMs: Float64Array.of(Number.NaN, 1_000),
    lastValues: Float64Array.of(Number.NaN, 7),
  })
  expect(state.take(1, 0, 2_000, 9, false, known)).toMatchObject({ growth: 2 })
  expect(state.take(5_000, 0, 2_000, 9, false, known)).toMatchObject({ value: 9 })
})

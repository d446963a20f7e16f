import { expect, test } from 'vitest'
import { limitRate } from './limit-rate.ts'

test('a burst passes, a flood does not, and patience is rewarded', () => {
  const mayPass = limitRate(20)
  const passed = (count: number, nowMs: number) =>
    Array.from({ length: count }, () => mayPass(nowMs)).filter(Boolean).length
  expect(passed(100, 0)).toBe(20)
  expect(passed(100, 500)).toBe(10)
  expect(passed(100, 60_000)).toBe(20)
})

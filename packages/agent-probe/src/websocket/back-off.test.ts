import { expect, test } from 'vitest'
import { createBackOff } from './back-off.ts'

test('the bound doubles up to a minute, and begins anew after a success', () => {
  const backOff = createBackOff(() => 1)
  expect(Array.from({ length: 8 }, backOff.next)).toEqual([
    1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
  ])
  backOff.reset()
  expect(backOff.next()).toBe(1000)
})

test('the wait is anything below the bound, but long for who was told not to come', () => {
  const backOff = createBackOff(() => 0)
  expect(backOff.next()).toBe(0)
  expect(backOff.longest()).toBe(30_000)
})

import { expect, test } from 'vitest'
import { createRecentKeys } from './recent-keys.ts'

test('a key is seen again within ten minutes of its last time, and not after', () => {
  const keys = createRecentKeys()
  expect(keys.hasSeen('a', 0)).toBe(false)
  expect(keys.hasSeen('a', 600_000)).toBe(true)
  expect(keys.hasSeen('a', 1_200_001)).toBe(false)
})

test('of too many keys those not seen for longest are forgotten', () => {
  const keys = createRecentKeys()
  keys.hasSeen('kept', 0)
  for (let index = 0; index < 1_999; index++) keys.hasSeen(`other ${index}`, 1)
  expect(keys.hasSeen('kept', 2)).toBe(true)
  keys.hasSeen('one more', 3)
  expect(keys.hasSeen('other 0', 4)).toBe(false)
  expect(keys.hasSeen('kept', 5)).toBe(true)
})

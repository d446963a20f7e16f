import { expect, test } from 'vitest'
import { canHookLoading } from './can-hook-loading.ts'

test.each([
  ['22.18.0', false],
  ['22.22.0', false],
  ['22.23.3', true],
  ['23.11.0', false],
  ['24.11.0', false],
  ['24.12.0', true],
  ['24.21.0', true],
  ['25.0.0', false],
  ['25.3.0', true],
  ['26.0.0', true],
])('Node %s: %s', (version, can) => {
  expect(canHookLoading(version)).toBe(can)
})

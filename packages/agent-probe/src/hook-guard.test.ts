import { expect, test } from 'vitest'
import { createHookGuard } from './hook-guard.ts'

test('a hook that throws is switched off and counted, others go on', () => {
  const guard = createHookGuard()
  let calls = 0
  const bad = guard.wrap(() => {
    calls++
    throw new Error('boom')
  })
  const good = guard.wrap(() => {
    calls++
  })
  for (let i = 0; i < 3; i++) {
    bad.call(undefined, undefined)
    good.call(undefined, undefined)
  }
  expect(calls).toBe(4)
  expect(guard.failures()).toBe(1)
})

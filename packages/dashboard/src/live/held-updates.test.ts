import { expect, it } from 'vitest'
import { sampleSnapshot, sampleUpdate } from '../../fake-aggregator/sample-records.ts'
import { createHeldUpdates } from './held-updates.ts'

it('hands over what it held, in order, once', () => {
  const held = createHeldUpdates()
  const first = sampleUpdate({ nowMs: 1 })
  const second = sampleUpdate({ nowMs: 2 })
  held.hold(first)
  held.hold(second)
  expect(held.count()).toBe(2)
  expect(held.release()).toEqual([first, second])
  expect(held.count()).toBe(0)
  expect(held.release()).toEqual([])
})

it('forgets what came before a snapshot', () => {
  const held = createHeldUpdates()
  held.hold(sampleUpdate())
  const snapshot = sampleSnapshot()
  held.hold(snapshot)
  expect(held.count()).toBe(2)
  expect(held.release()).toEqual([snapshot])
})

it('lets everything go past its limit and says so, until a snapshot comes', () => {
  const held = createHeldUpdates(3)
  const wide = sampleUpdate({ vitals: { agents: ['a', 'b', 'c'] } })
  held.hold(wide)
  held.hold(sampleUpdate())
  expect(held.count()).toBe(2)
  expect(held.release()).toBeNull()

  held.hold(wide)
  const snapshot = sampleSnapshot()
  held.hold(snapshot)
  expect(held.release()).toEqual([snapshot])
})

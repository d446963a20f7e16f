import { expect, it } from 'vitest'
import { createRing, ringSlotMs, ringSlots, writeRing } from '../live/ring.ts'
import { sparklinePath } from './sparkline-path.ts'

function ringOf(values: Record<number, number>) {
  const ring = createRing()
  for (const [slot, value] of Object.entries(values)) writeRing(ring, Number(slot) * ringSlotMs, value)
  return ring
}

const newestSlot = ringSlots - 1

it('draws zero at the bottom and the ceiling at the top', () => {
  const ring = ringOf({ 0: 0, 1: 1, 2: 0.5 })
  expect(sparklinePath({ ring, newestSlot, ceiling: 1, reportIntervalMs: null })).toBe('M0 18h0L1 0L2 9')
})

it('grows its scale with a value above the ceiling', () => {
  const ring = ringOf({ 0: 2, 1: 1 })
  expect(sparklinePath({ ring, newestSlot, ceiling: 1, reportIntervalMs: null })).toBe('M0 0h0L1 9')
})

it('breaks where reports are missing, and joins those of a slow reporter', () => {
  const ring = ringOf({ 0: 1, 6: 1 })
  expect(sparklinePath({ ring, newestSlot, ceiling: 1, reportIntervalMs: 1000 })).toBe('M0 0h0M6 0h0')
  expect(sparklinePath({ ring, newestSlot, ceiling: 1, reportIntervalMs: 30_000 })).toBe('M0 0h0L6 0')
})

it('moves left as time goes on, and draws nothing of nothing', () => {
  const ring = ringOf({ 5: 1 })
  expect(sparklinePath({ ring, newestSlot: newestSlot + 2, ceiling: 1, reportIntervalMs: null })).toBe(
    'M3 0h0',
  )
  expect(sparklinePath({ ring: createRing(), newestSlot, ceiling: 0, reportIntervalMs: null })).toBe('')
})

it('draws a line of zeros at the bottom when there is no ceiling', () => {
  expect(sparklinePath({ ring: ringOf({ 0: 0 }), newestSlot, ceiling: 0, reportIntervalMs: null })).toBe(
    'M0 18h0',
  )
})

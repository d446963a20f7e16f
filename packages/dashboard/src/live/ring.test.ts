import { describe, expect, it } from 'vitest'
import { createRing, readRing, ringSlotMs, ringSlots, slotAt, writeRing } from './ring.ts'

describe('the ring of the last five minutes', () => {
  it('keeps the last value of each slot', () => {
    const ring = createRing()
    writeRing(ring, 10_000, 1)
    writeRing(ring, 12_000, 2)
    expect(readRing(ring, slotAt(10_000))).toBe(2)
  })

  it('leaves a gap where nothing was said, also where an old value would show through', () => {
    const ring = createRing()
    for (let slot = 0; slot < ringSlots; slot++) writeRing(ring, slot * ringSlotMs, 1)
    writeRing(ring, (ringSlots + 3) * ringSlotMs, 9)
    expect(readRing(ring, ringSlots + 2)).toBeNaN()
    expect(readRing(ring, ringSlots + 3)).toBe(9)
    expect(readRing(ring, 4)).toBe(1)
    expect(readRing(ring, 3)).toBeNaN()
  })

  it('moves on with an unknown value and keeps no zero for it', () => {
    const ring = createRing()
    writeRing(ring, 0, 5)
    writeRing(ring, 2 * ringSlotMs, null)
    expect(ring.newestSlot).toBe(2)
    expect(readRing(ring, 2)).toBeNaN()
  })

  it('ignores what is older than it reaches, and survives a jump of hours', () => {
    const ring = createRing()
    writeRing(ring, 9_000_000, 1)
    writeRing(ring, 0, 7)
    expect(readRing(ring, 0)).toBeNaN()
    writeRing(ring, 90_000_000, 2)
    expect(readRing(ring, slotAt(9_000_000))).toBeNaN()
    expect(readRing(ring, slotAt(90_000_000))).toBe(2)
  })
})

import { expect, it } from 'vitest'
import { itemOffsets, visibleItems } from './virtual-window.ts'

const offsets = itemOffsets(10_000, (index) => (index % 100 === 0 ? 40 : 20))

it('adds up heights', () => {
  expect([...itemOffsets(3, () => 10)]).toEqual([0, 10, 20, 30])
})

it('draws what the viewport touches and a little more', () => {
  expect(visibleItems({ offsets, topPx: 0, viewportPx: 100, overscan: 2 })).toEqual({ start: 0, end: 7 })
  const middle = visibleItems({ offsets, topPx: 100_000, viewportPx: 900, overscan: 6 })
  expect(offsets[middle.start + 6]).toBeLessThanOrEqual(100_000)
  expect(offsets[middle.end - 6]).toBeGreaterThanOrEqual(100_900)
  expect(middle.end - middle.start).toBeLessThan(60)
})

it('stays within the list before, after and beyond it', () => {
  expect(visibleItems({ offsets, topPx: -5000, viewportPx: 900, overscan: 6 })).toEqual({ start: 0, end: 6 })
  expect(visibleItems({ offsets, topPx: 9e9, viewportPx: 900, overscan: 6 })).toEqual({
    start: 9994,
    end: 10_000,
  })
  expect(visibleItems({ offsets: itemOffsets(0, () => 1), topPx: 0, viewportPx: 900, overscan: 6 })).toEqual({
    start: 0,
    end: 0,
  })
})

import { describe, expect, it } from 'vitest'
import { rollUp } from './roll-up.ts'

const samples = (...pairs: [number, number][]) => ({
  timesMs: Float64Array.from(pairs, ([timeMs]) => timeMs),
  values: Float64Array.from(pairs, ([, value]) => value),
})

describe('roll-ups', () => {
  it('sum up a gauge, leaving out what is not a number', () => {
    const all = samples([0, 4], [10, 1], [50, Number.NaN], [59, 3], [180, 7])
    expect(rollUp(all, 60, false)).toEqual({
      timesMs: Float64Array.of(0, 180),
      columns: [
        [3, 1],
        [8, 7],
        [1, 7],
        [4, 7],
        [3, 7],
      ].map((column) => Float64Array.from(column)),
    })
  })

  it('tell what a counter regained after a restart', () => {
    const all = samples([0, 100], [20, 110], [40, 5], [60, 9], [80, 12])
    const { columns } = rollUp(all, 60, true)
    expect(columns.map((column) => [...column])).toEqual([
      [3, 2],
      [100, 9],
      [5, 12],
      [110, 0],
    ])
  })
})

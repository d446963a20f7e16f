import { expect, it } from 'vitest'
import { appendPoint, chartColumns, chartSpanMs, joinPoints } from './chart-points.ts'
import { historyMs } from './vital-history.ts'

it('adds newer points only, and no unknown ones', () => {
  const points = { timesMs: [1000], values: [1] }
  expect(appendPoint(points, 1000, 2)).toBe(false)
  expect(appendPoint(points, 2000, null)).toBe(false)
  expect(appendPoint(points, 2000, 0)).toBe(true)
  expect(points).toEqual({ timesMs: [1000, 2000], values: [1, 0] })
})

it('forgets what is older than the view, and keeps a bounded number', () => {
  const points = { timesMs: [0, 5000], values: [1, 2] }
  appendPoint(points, historyMs + 1000, 3)
  expect(points.values).toEqual([2, 3])
  for (let index = 0; index < 5000; index++) appendPoint(points, historyMs + 2000 + index, index)
  expect(points.values).toHaveLength(2000)
})

it('shows as much time as there is, between two minutes and a quarter of an hour', () => {
  expect(chartSpanMs(1_000_000, 990_000)).toBe(120_000)
  expect(chartSpanMs(1_000_000, 700_000)).toBe(300_000)
  expect(chartSpanMs(9_000_000, 0)).toBe(historyMs)
})

it('joins stored points and those that came meanwhile', () => {
  const stored = { timesMs: [1000, 2000], values: [1, 2] }
  const live = { timesMs: [1500, 2000, 3000], values: [9, 9, 3] }
  expect(joinPoints(stored, live)).toEqual({ timesMs: [1000, 2000, 3000], values: [1, 2, 3] })
})

it('breaks the line where reports are missing', () => {
  const points = { timesMs: [0, 1000, 2000, 9000, 10_000], values: [1, 2, 3, 4, 5] }
  expect(chartColumns(points, 1000)).toEqual([
    [0, 1, 2, 2.001, 9, 10],
    [1, 2, 3, null, 4, 5],
  ])
  expect(chartColumns(points, 5000)[1]).not.toContain(null)
  expect(chartColumns({ timesMs: [], values: [] }, null)).toEqual([[], []])
})

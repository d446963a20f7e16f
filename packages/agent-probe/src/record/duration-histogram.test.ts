import { expect, test } from 'vitest'
import { createDurationHistogram } from './duration-histogram.ts'

test('bounds are inclusive above, and everything adds up', () => {
  const durations = createDurationHistogram({ bounds: [1, 2] })
  const series = durations.admit('a', { a: 1 })
  for (const seconds of [0, 1, 1.5, 2, 3]) durations.record(series, seconds)
  expect(series).toMatchObject({ count: 5, sum: 7.5, min: 0, max: 3 })
  expect([...series.counts]).toEqual([2, 2, 1])
})

test('two keys of one attribute set are one series', () => {
  const durations = createDurationHistogram()
  const one = durations.admit('http|host', { 'server.address': 'host' })
  const two = durations.admit('fetch|host', { 'server.address': 'host' })
  expect(two).toBe(one)
  expect(durations.find('fetch|host')).toBe(one)
  expect(durations.series).toHaveLength(1)
})

test('what is over the limit shares the overflow series, failures apart, and the totals miss nothing', () => {
  const durations = createDurationHistogram({ maxSets: 2 })
  for (let peer = 0; peer < 1000; peer++) {
    const failed = peer % 10 === 0
    const key = `peer ${peer}`
    const attributes = { peer, ...(failed && { 'error.type': '500' }) }
    durations.record(durations.find(key) ?? durations.admit(key, attributes), 0.1)
  }
  expect(durations.series.map(({ attributes, count }) => ({ ...attributes, count }))).toEqual([
    { peer: 0, 'error.type': '500', count: 1 },
    { peer: 1, count: 1 },
    { 'otel.metric.overflow': true, count: 899 },
    { 'otel.metric.overflow': true, 'error.type': '_OTHER', count: 99 },
  ])
  expect(durations.total).toMatchObject({ count: 1000, failed: 100 })
})

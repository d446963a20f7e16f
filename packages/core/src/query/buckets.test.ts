import { describe, expect, it } from 'vitest'
import { combineSeries } from './combine-series.ts'
import { type Aggregate, createBucketFold } from './fold-buckets.ts'
import { matchLabels } from './match-labels.ts'
import { fromCumulative, histogramQuantile, mergeHistograms } from './merge-histograms.ts'
import { rollUp } from './roll-up.ts'

const aggregates: Aggregate[] = ['avg', 'min', 'max', 'sum', 'count', 'last', 'increase', 'rate']

describe('buckets', () => {
  let state = 11
  const random = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const timesMs = Float64Array.from(
    { length: 500 },
    (_, index) => index * 10_000 + Math.floor(random() * 900),
  )

  it.each([true, false])('are the same from samples and from roll-ups (counter: %s)', (isCounter) => {
    let total = 0
    const values = timesMs.map(() => {
      total = random() < 0.02 ? 0 : total + Math.floor(random() * 20)
      return isCounter ? total : random()
    })
    const grid = { fromMs: 600_000, stepMs: 300_000, buckets: 12 }
    const [fromSamples, fromRollUps] = [createBucketFold(grid, isCounter), createBucketFold(grid, isCounter)]
    fromSamples.addSamples({ timesMs, values })
    fromRollUps.addRollUp(
      rollUp({ timesMs: timesMs.slice(0, 300), values: values.slice(0, 300) }, 60_000, isCounter),
    )
    fromRollUps.addSamples({ timesMs: timesMs.slice(300), values: values.slice(300) })
    for (const aggregate of isCounter ? (['count', 'last', 'increase', 'rate'] as const) : aggregates) {
      const [a, b] = [fromSamples.read(aggregate), fromRollUps.read(aggregate)]
      for (const [bucket, value] of a.entries()) {
        if (Number.isNaN(value)) expect(b[bucket]).toBeNaN()
        else expect(b[bucket]! / value).toBeCloseTo(1, 6)
      }
    }
  })

  it('count what a counter grew since before the first step, and from 0 after a restart', () => {
    const fold = createBucketFold({ fromMs: 100, stepMs: 100, buckets: 3 }, true)
    fold.addSamples({ timesMs: Float64Array.of(50, 150, 250, 270), values: Float64Array.of(10, 14, 3, 5) })
    expect([...fold.read('increase')]).toEqual([4, 5, Number.NaN])
    expect([...fold.read('rate')]).toEqual([40, 50, Number.NaN])
  })

  it('say nothing of a step without samples, nor of growth from one sample', () => {
    const fold = createBucketFold({ fromMs: 0, stepMs: 10, buckets: 2 }, true)
    fold.addSamples({ timesMs: Float64Array.of(5), values: Float64Array.of(7) })
    expect([...fold.read('increase')]).toEqual([Number.NaN, Number.NaN])
    expect([...fold.read('last')]).toEqual([7, Number.NaN])
  })

  it('of several series combine what is there', () => {
    const all = [Float64Array.of(1, Number.NaN, Number.NaN), Float64Array.of(3, 5, Number.NaN)]
    expect([...combineSeries(all, 'sum')]).toEqual([4, 5, Number.NaN])
    expect([...combineSeries(all, 'avg')]).toEqual([2, 5, Number.NaN])
    expect([...combineSeries(all, 'max')]).toEqual([3, 5, Number.NaN])
  })
})

describe('histograms', () => {
  const seen = fromCumulative([
    [Number.POSITIVE_INFINITY, 20],
    [1, 10],
    [2, 18],
  ])

  it('give quantiles as Prometheus does', () => {
    expect(seen).toEqual({ bounds: [1, 2, Number.POSITIVE_INFINITY], counts: [10, 8, 2] })
    expect(histogramQuantile(seen, 0.25)).toBe(0.5)
    expect(histogramQuantile(seen, 0.7)).toBe(1.5)
    expect(histogramQuantile(seen, 0.99)).toBe(2)
    expect(histogramQuantile({ bounds: [1], counts: [0] }, 0.5)).toBeNaN()
  })

  it('merge exactly with equal bounds, and evenly spread with others', () => {
    expect(mergeHistograms([seen, seen]).counts).toEqual([20, 16, 4])
    const coarse = fromCumulative([
      [2, 4],
      [Number.POSITIVE_INFINITY, 5],
    ])
    expect(mergeHistograms([seen, coarse])).toEqual({ bounds: seen.bounds, counts: [12, 10, 3] })
    expect(
      mergeHistograms([
        { bounds: [-1, 1], counts: [3, 2] },
        { bounds: [0, 1], counts: [4, 0] },
      ]).counts,
    ).toEqual([3, 5, 1])
  })
})

describe('matchers', () => {
  const labels: Record<string, string> = { metric: 'http.server', zone: 'a' }
  const matches = (...matchers: Parameters<typeof matchLabels>[0]) =>
    matchLabels(matchers)((label) => labels[label] ?? '')
  it('hold all together, and take a missing label as empty', () => {
    expect(
      matches({ label: 'metric', is: '=~', value: 'http\\..*' }, { label: 'zone', is: '!=', value: 'b' }),
    ).toBe(true)
    expect(matches({ label: 'metric', is: '=~', value: 'http' })).toBe(false)
    expect(matches({ label: 'host', is: '=', value: '' })).toBe(true)
    expect(matches({ label: 'host', is: '!~', value: '.+' })).toBe(true)
  })
})

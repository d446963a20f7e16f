import { describe, expect, test } from 'vitest'
import { createDurationHistogram, type DurationHistogram } from './duration-histogram.ts'
import { createRequestSampler, type SamplingRate } from './request-sampler.ts'

/** A repeatable source of chance: mulberry32. */
const chanceFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

interface SimulatedRequest {
  readonly route: string
  readonly seconds: number
  readonly hasFailed: boolean
}

const routes = ['/search', '/search', '/search', '/plan', '/tool'] as const

/** In the rhythm of a real agent, where the same request comes every fifth time; durations log-normal around 30 ms. */
const simulate = (count: number, chance: () => number): SimulatedRequest[] =>
  Array.from({ length: count }, (_, index) => {
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
    return {
      route: routes[index % routes.length]!,
      seconds: 0.03 * Math.exp(0.8 * normal),
      hasFailed: chance() < 0.01,
    }
  })

const requestCount = 100_000
const requests = simulate(requestCount, chanceFrom(1))

const record = (rate: SamplingRate, seed = 2): { histogram: DurationHistogram; recorded: number } => {
  const sampler = createRequestSampler(chanceFrom(seed))
  sampler.rate = rate
  const histogram = createDurationHistogram()
  let recorded = 0
  for (const { route, seconds, hasFailed } of requests) {
    const standsFor = sampler.next()
    if (standsFor === 0 && !rate.importantInFull) continue
    const weight = sampler.weigh(standsFor, seconds, hasFailed)
    if (weight === 0) continue
    recorded++
    const series = histogram.admit(`${route}|${hasFailed}`, {
      route,
      ...(hasFailed && { 'error.type': '500' }),
    })
    histogram.record(series, seconds, weight)
  }
  return { histogram, recorded }
}

const whole = record({ keepOneOf: 1, importantInFull: true }).histogram

const bucketOfQuantile = ({ series, bounds }: DurationHistogram, quantile: number): number => {
  const counts = Array.from({ length: bounds.length + 1 }, (_, bucket) =>
    series.reduce((sum, each) => sum + each.counts[bucket]!, 0),
  )
  const wanted = quantile * counts.reduce((sum, count) => sum + count, 0)
  let seen = 0
  return counts.findIndex((count) => {
    seen += count
    return seen >= wanted
  })
}

const rates: { title: string; rate: SamplingRate }[] = [
  { title: 'one in 10, all alike', rate: { keepOneOf: 10, importantInFull: false } },
  { title: 'one in 64, all alike', rate: { keepOneOf: 64, importantInFull: false } },
  { title: 'one in 10, important ones in full', rate: { keepOneOf: 10, importantInFull: true } },
  { title: 'one in 64, important ones in full', rate: { keepOneOf: 64, importantInFull: true } },
]

describe.each(rates)('of 100,000 requests $title', ({ rate }) => {
  const { keepOneOf, importantInFull } = rate
  const { histogram, recorded } = record(rate)

  test('far fewer are recorded', () => {
    // Failed ones and slow ones: one in a hundred each.
    const important = importantInFull ? 0.025 * requestCount : 0
    expect(recorded).toBeLessThanOrEqual(Math.ceil(requestCount / keepOneOf) + important)
  })

  test('the total is right', () => {
    const tolerance = importantInFull ? 3 * Math.sqrt(0.025 * requestCount * keepOneOf) : keepOneOf
    expect(Math.abs(histogram.total.count - requestCount)).toBeLessThanOrEqual(tolerance)
  })

  test('every series is right within three standard errors', () => {
    for (const { attributes, count } of whole.series) {
      const sampled = histogram.series.find(
        (each) => JSON.stringify(each.attributes) === JSON.stringify(attributes),
      )
      expect(Math.abs((sampled?.count ?? 0) - count)).toBeLessThanOrEqual(
        3 * Math.sqrt(count * (keepOneOf - 1)),
      )
    }
  })

  test('failures are counted one by one where they are important', () => {
    if (!importantInFull) return
    expect(histogram.total.failed).toBe(whole.total.failed)
    for (const { attributes, count } of whole.series.filter(({ failed }) => failed)) {
      expect(
        histogram.series.find((each) => each.attributes['route'] === attributes['route'] && each.failed)
          ?.count,
      ).toBe(count)
    }
  })

  test('the mean is right within 5 %, quantiles within a bucket', () => {
    const mean = ({ total }: DurationHistogram) => total.sum / total.count
    expect(Math.abs(mean(histogram) / mean(whole) - 1)).toBeLessThan(0.05)
    for (const quantile of [0.5, 0.9, 0.95, 0.99]) {
      expect(
        Math.abs(bucketOfQuantile(histogram, quantile) - bucketOfQuantile(whole, quantile)),
      ).toBeLessThanOrEqual(1)
    }
  })
})

test('no bias: the mean over many samples comes ever closer', () => {
  const failed = requests.filter(({ hasFailed }) => hasFailed).length
  const samples = Array.from({ length: 40 }, (_, seed) =>
    record({ keepOneOf: 64, importantInFull: false }, seed),
  )
  const mean = samples.reduce((sum, { histogram }) => sum + histogram.total.failed, 0) / samples.length
  expect(Math.abs(mean - failed)).toBeLessThan((3 * Math.sqrt(failed * 63)) / Math.sqrt(samples.length))
})

test('a rate that changes in mid-stream keeps the total', () => {
  const sampler = createRequestSampler(chanceFrom(3))
  let total = 0
  for (let index = 0; index < 100_000; index++) {
    if (index % 997 === 0) sampler.rate = { keepOneOf: 2 + (index % 7), importantInFull: false }
    total += sampler.next()
  }
  expect(Math.abs(total - 100_000)).toBeLessThan(3 * 8 * Math.sqrt(101))
})

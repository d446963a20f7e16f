import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Aggregate, Matcher } from '@perfmon/core/query'
import type { Series } from '@perfmon/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore } from '../open-store.ts'

const startMs = 1_795_003_200_000
const hourMs = 3_600_000
const dir = mkdtempSync(join(tmpdir(), 'perfmon-query-'))
let store: EmbeddedStore

const seriesOf = (id: number, rest: Partial<Series>): Series => ({
  id,
  agentId: `agent-${id % 3}`,
  metric: 'cpu',
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: {},
  ...rest,
})
const series: Series[] = [
  ...[0, 1, 2].map((id) => seriesOf(id, { attributes: { zone: id === 0 ? 'a' : 'b' } })),
  ...[3, 4, 5].map((id) => seriesOf(id, { metric: 'requests', kind: 'counter' })),
  ...[6, 7, 8].map((id) =>
    seriesOf(id, {
      agentId: 'agent-0',
      metric: 'seconds',
      kind: 'counter',
      part: 'bucket',
      attributes: { le: ['0.1', '1', '+Inf'][id - 6]! },
    }),
  ),
]
const valueAt = (id: number, step: number): number => {
  if (id < 3) return Math.sin(step * (id + 1)) + id * 10
  // One restart in the middle of it.
  if (id < 6) return (step > 1000 ? step - 1000 : step) * (id + 1)
  return step * [6, 9, 10][id - 6]!
}
/** A sample of each series every ten seconds. */
const span = (from: number, to: number, newSeries: readonly Series[] = []) => {
  const rows: [number, number, number][] = []
  for (let step = from; step < to; step += 1)
    for (const { id } of series) rows.push([id, startMs + step * 10_000 + (id % 3), valueAt(id, step)])
  return {
    newSeries,
    seriesIds: Uint32Array.from(rows, ([id]) => id),
    timesMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    values: Float64Array.from(rows, ([, , value]) => value),
  }
}
const metric = (value: string): Matcher => ({ label: 'metric', is: '=', value })

beforeAll(async () => {
  store = await openStore({
    dir,
    nowMs: () => startMs + 7 * hourMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: () => {},
  })
  await store.saveAgents(
    [0, 1, 2].map(
      (id) =>
        ({
          id: `agent-${id}`,
          name: `worker-${id}`,
          swarm: 'demo',
          lastSeenMs: startMs + 7 * hourMs,
        }) as never,
    ),
    [],
  )
  await store.appendSamples(span(0, 1900, series))
  await store.checkpoint()
  // Some in the database, not in blocks; late ones, one of them into a block; the newest only in the journal.
  await store.appendSamples({
    ...span(1900, 2200),
    late: {
      seriesIds: Uint32Array.of(0, 0),
      timesMs: Float64Array.of(startMs + 15_000, startMs + 1850 * 10_000 + 5),
      values: Float64Array.of(50, 60),
    },
  })
  await store.checkpoint()
  await store.appendSamples({
    ...span(2200, 2300),
    late: {
      seriesIds: Uint32Array.of(1),
      timesMs: Float64Array.of(startMs + 25_000),
      values: Float64Array.of(-70),
    },
  })
}, 30_000)

afterAll(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

/** What a query should say, from all samples. */
const expected = async (id: number, fromMs: number, toMs: number, stepMs: number, aggregate: Aggregate) => {
  const { timesMs, values } = await store.readSamples(id, 0, 2 * startMs, 1e9)
  const firstMs = Math.floor(fromMs / stepMs) * stepMs
  return Array.from({ length: Math.ceil((toMs - firstMs) / stepMs) }, (_, step) => {
    const [low, high] = [firstMs + step * stepMs, firstMs + (step + 1) * stepMs]
    const own = [...values].filter((_value, index) => timesMs[index]! >= low && timesMs[index]! < high)
    const first = timesMs.findIndex((timeMs) => timeMs >= low)
    const readings = first > 0 ? [values[first - 1]!, ...own] : own
    const growth = readings
      .slice(1)
      .reduce((sum, value, i) => sum + (value >= readings[i]! ? value - readings[i]! : value), 0)
    if (own.length === 0) return aggregate === 'count' ? 0 : Number.NaN
    // One reading alone tells of no growth.
    if (readings.length < 2 && (aggregate === 'increase' || aggregate === 'rate')) return Number.NaN
    return {
      avg: own.reduce((a, b) => a + b, 0) / own.length,
      sum: own.reduce((a, b) => a + b, 0),
      min: Math.min(...own),
      max: Math.max(...own),
      last: own.at(-1)!,
      count: own.length,
      increase: growth,
      rate: (growth / stepMs) * 1000,
    }[aggregate]
  })
}

describe('buckets of series', () => {
  it.each([
    [10_000, startMs - 60_000, startMs + 100_000],
    [10_000, startMs + 3.9 * hourMs, startMs + 4.1 * hourMs],
    [10_000, startMs + 6.1 * hourMs, startMs + 6.2 * hourMs],
    [60_000, startMs - hourMs, startMs + 0.3 * hourMs],
    [60_000, startMs + 3.5 * hourMs, startMs + 6.5 * hourMs],
    [hourMs, startMs, startMs + 7 * hourMs],
    [2 * hourMs, startMs, startMs + 8 * hourMs],
    [90_000, startMs + 5, startMs + hourMs],
  ])('of %d ms are what the samples say, wherever those are', async (stepMs, fromMs, toMs) => {
    for (const [name, aggregates] of [
      ['cpu', ['avg', 'min', 'max', 'sum', 'count', 'last']],
      ['requests', ['increase', 'rate', 'last', 'count', 'max']],
    ] as const) {
      for (const aggregate of aggregates) {
        const { lines } = await store.queries.aggregate({
          matchers: [metric(name)],
          fromMs,
          toMs,
          stepMs,
          aggregate,
        })
        expect(lines.length).toBe(3)
        for (const [index, { labels, values }] of lines.entries()) {
          const id = index + (name === 'cpu' ? 0 : 3)
          expect(labels.agent).toBe(`agent-${id % 3}`)
          const wanted = await expected(id, fromMs, toMs, stepMs, aggregate)
          // Of the very first reading nobody knows what came before.
          for (const [step, value] of wanted.entries()) {
            if (Number.isNaN(value)) expect(values[step]).toBeNaN()
            else
              expect([name, aggregate, id, step, values[step]!.toPrecision(5)]).toEqual([
                name,
                aggregate,
                id,
                step,
                value!.toPrecision(5),
              ])
          }
        }
      }
    }
  })

  it('names its source by the step', async () => {
    const ask = async (stepMs: number, aggregate: Aggregate, name = 'cpu') =>
      (
        await store.queries.aggregate({
          matchers: [metric(name)],
          fromMs: startMs,
          toMs: startMs + hourMs,
          stepMs,
          aggregate,
        })
      ).source
    expect([await ask(30_000, 'avg'), await ask(120_000, 'avg'), await ask(hourMs, 'max')]).toEqual([
      'samples',
      'minutes',
      'hours',
    ])
    expect(await ask(hourMs, 'max', 'requests')).toBe('samples')
  })

  it('combines lines by labels', async () => {
    const query = {
      matchers: [metric('cpu')],
      fromMs: startMs,
      toMs: startMs + hourMs,
      stepMs: hourMs,
      aggregate: 'count',
    } as const
    const { lines } = await store.queries.aggregate({ ...query, across: { by: ['zone'], how: 'sum' } })
    expect(lines.map(({ labels, series: count, values }) => [labels, count, [...values]])).toEqual([
      [{ zone: 'a' }, 1, [361]],
      [{ zone: 'b' }, 2, [721]],
    ])
    const all = await store.queries.aggregate({ ...query, across: { by: [], how: 'max' } })
    expect(all.lines.map(({ values }) => [...values])).toEqual([[361]])
  })

  it('takes quantiles from the growth of histogram buckets', async () => {
    const query = {
      matchers: [metric('seconds')],
      fromMs: startMs + hourMs,
      toMs: startMs + 2 * hourMs,
      stepMs: hourMs,
    } as const
    const ask = async (quantile: number) =>
      (await store.queries.aggregate({ ...query, aggregate: { quantile } })).lines
    // Of ten, six lie up to 0.1, three more up to 1.
    expect((await ask(0.5)).map(({ values }) => values[0]!.toFixed(6))).toEqual(['0.083333'])
    expect((await ask(0.75))[0]!.values[0]).toBeCloseTo(0.1 + 0.9 * (1.5 / 3), 6)
    expect((await ask(0.99))[0]!.values[0]).toBe(1)
  })

  it('finds the largest', async () => {
    const { lines } = await store.queries.top({
      matchers: [metric('cpu')],
      fromMs: startMs,
      toMs: startMs + 6 * hourMs,
      aggregate: 'avg',
      count: 2,
    })
    expect(lines.map(({ labels }) => labels.agent)).toEqual(['agent-2', 'agent-1'])
    expect(lines[0]!.value).toBeCloseTo(20, 1)
  })
})

describe('label search', () => {
  it('finds series, names and values, also of series that came a moment ago', async () => {
    const { queries } = store
    expect(await queries.labelNames([])).toEqual([
      'agent',
      'kind',
      'le',
      'metric',
      'name',
      'part',
      'swarm',
      'unit',
      'zone',
    ])
    expect(await queries.labelValues('metric', [], 10)).toEqual(['cpu', 'requests', 'seconds'])
    expect(await queries.labelValues('agent', [{ label: 'zone', is: '=~', value: 'b|c' }], 10)).toEqual([
      'agent-1',
      'agent-2',
    ])
    expect(
      await queries.findSeries(
        [
          { label: 'metric', is: '!~', value: 's.*|cpu' },
          { label: 'name', is: '!=', value: 'worker-1' },
        ],
        1,
      ),
    ).toEqual({ series: [series[3]], total: 2 })
    await store.appendSamples({
      newSeries: [seriesOf(9, { metric: 'fresh' })],
      seriesIds: Uint32Array.of(9),
      timesMs: Float64Array.of(startMs),
      values: Float64Array.of(1),
    })
    const { lines } = await queries.aggregate({
      matchers: [metric('fresh')],
      fromMs: startMs,
      toMs: startMs + 1000,
      stepMs: 1000,
      aggregate: 'last',
    })
    expect(lines.map(({ values }) => [...values])).toEqual([[1]])
  })
})

describe('a query that cannot be answered', () => {
  const query = {
    matchers: [metric('cpu')],
    fromMs: startMs,
    toMs: startMs + hourMs,
    stepMs: 10_000,
    aggregate: 'avg',
  } as const
  it.each([
    ['too-many-series', 'maxSeries', query, { maxSeries: 2 }],
    ['too-many-points', 'maxPoints', query, { maxPoints: 1000 }],
    ['too-many-samples', 'maxSamples', query, { maxSamples: 500 }],
    ['deadline', 'deadlineMs', query, { deadlineMs: -1 }],
    ['bad-query', 'needs a matcher', { ...query, matchers: [] }, {}],
    ['bad-query', 'starts before it ends', { ...query, toMs: startMs }, {}],
    [
      'bad-query',
      'a ")" is missing',
      { ...query, matchers: [{ label: 'agent', is: '=~', value: '(a' }] },
      {},
    ],
    [
      'bad-query',
      'from 0 to 1',
      { ...query, matchers: [metric('seconds')], aggregate: { quantile: 95 } },
      {},
    ],
  ] as const)('is refused as %s, which names %s', async (code, text, asked, limits) => {
    await expect(store.queries.aggregate(asked, { limits })).rejects.toMatchObject({
      name: 'QueryError',
      code,
      message: expect.stringContaining(text),
    })
  })

  it('ends when whoever asked goes away', async () => {
    await expect(store.queries.aggregate(query, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })
})

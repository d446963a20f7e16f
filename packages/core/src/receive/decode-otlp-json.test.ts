import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeOtlpMetricsJson } from './decode-otlp-json.ts'
import { createRecordingSink, type Heard } from './fixtures/recording-sink.ts'
import { type AttributeList, MalformedBody } from './metric-sink.ts'

function hearText(text: string): Heard[] {
  const { heard, sink } = createRecordingSink()
  decodeOtlpMetricsJson(text, sink)
  return heard
}
const hear = (body: unknown): Heard[] => hearText(JSON.stringify(body))

const requestOf = (...metrics: readonly object[]) => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })
const pointOf = (point: object) => requestOf({ name: 'm', gauge: { dataPoints: [point] } })

function attributesOf(...attributes: readonly unknown[]): AttributeList {
  const found = hear(pointOf({ attributes, asInt: 1 })).find((event) => 'number' in event)
  return found!.number.attributes
}

function mistake(body: unknown): string {
  try {
    hearText(typeof body === 'string' ? body : JSON.stringify(body))
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedBody)
    return (error as MalformedBody).message
  }
  throw new Error('nothing was found wrong')
}

describe('a recorded body', () => {
  it("of Claude Code is heard: delta sums, times in strings, the resource's attributes on the points too", () => {
    const heard = hearText(
      readFileSync(new URL('./fixtures/claude-code-metrics.json', import.meta.url), 'utf8'),
    )
    const metrics = heard.flatMap((event) => ('metric' in event ? [event.metric] : []))
    expect(metrics).toEqual(
      [
        ['claude_code.session.count', ''],
        ['claude_code.cost.usage', 'USD'],
        ['claude_code.token.usage', 'tokens'],
      ].map(([name, unit]) => ({
        name,
        unit,
        scope: 'com.anthropic.claude_code',
        kind: 'sum',
        temporality: 1,
        monotonic: true,
      })),
    )
    const points = heard.flatMap((event) => ('number' in event ? [event] : []))
    expect(points).toHaveLength(5)
    expect(points[0]).toMatchObject({ value: 1, number: { startMs: 1795192093184, timeMs: 1795192094177 } })
    expect(points[0]!.number.attributes).toContainEqual(['anthropic.custom_base_url', true])
    expect(heard[0]).toMatchObject({ resource: expect.arrayContaining([['service.name', 'claude-code']]) })
  })
})

describe('values', () => {
  it.each<[string, object, unknown]>([
    ['a string', { stringValue: 'a' }, 'a'],
    ['the empty string', { stringValue: '' }, ''],
    ['an integer in a string', { intValue: '-12' }, -12],
    ['an integer beyond 2^53, to the nearest double', { intValue: '4611686018427387905' }, 2 ** 62],
    ['an integer as a number', { intValue: 12 }, 12],
    ['an integer that JavaScript wrote', { intValue: 1e300 }, 1e300],
    ['a double', { doubleValue: 0.5 }, 0.5],
    ['a double in a string', { doubleValue: '1.5e3' }, 1500],
    ['a boolean', { boolValue: false }, false],
    ['bytes, URL-safe and unpadded too', { bytesValue: '-_8' }, '+/8='],
    [
      'an array',
      { arrayValue: { values: [{ stringValue: 'a"' }, { intValue: '2' }, {}, { bytesValue: 'AQ' }] } },
      '["a\\"",2,null,"AQ=="]',
    ],
    ['an empty array', { arrayValue: {} }, '[]'],
    [
      'keys and values',
      { kvlistValue: { values: [{ key: '__proto__', value: { boolValue: true } }, { key: 'b' }] } },
      '{"__proto__":true,"b":null}',
    ],
    [
      'an array of an array',
      { arrayValue: { values: [{ arrayValue: { values: [{ doubleValue: 'NaN' }] } }] } },
      '[["NaN"]]',
    ],
    ['nothing', {}, ''],
    ['null, as nothing', { stringValue: null }, ''],
    ['a kind not known yet', { dateValue: 'x' }, ''],
  ])('reads %s', (_, value, wanted) => {
    expect(attributesOf({ key: 'k', value })).toEqual([['k', wanted]])
  })

  it.each<[object, number]>([
    [{ asInt: '-5' }, -5],
    [{ asInt: 5 }, 5],
    [{ asInt: '9223372036854775807' }, 2 ** 63],
    [{ asDouble: 'NaN' }, Number.NaN],
    [{ asDouble: 'Infinity' }, Number.POSITIVE_INFINITY],
    [{ asDouble: '-Infinity' }, Number.NEGATIVE_INFINITY],
    [{ asDouble: 0 }, 0],
    [{ asInt: null, asDouble: 2 }, 2],
  ])('reads %j', (point, value) => {
    expect(hear(pointOf(point)).at(-1)).toMatchObject({ value })
  })

  it.each<[unknown, number]>([
    ['1795192094177123456', 1795192094177.1235],
    [1795192094177000000, 1795192094177],
    ['0', 0],
    ['5', 5e-6],
    [undefined, 0],
  ])('reads the time %j', (timeUnixNano, timeMs) => {
    expect(hear(pointOf({ asInt: 1, timeUnixNano })).at(-1)).toMatchObject({ number: { timeMs } })
  })

  it('reads histograms, exponential histograms and summaries, with their integers in strings', () => {
    const heard = hear(
      requestOf(
        {
          name: 'h',
          histogram: {
            aggregationTemporality: 2,
            dataPoints: [{ count: '3', sum: 1.5, bucketCounts: ['1', 2], explicitBounds: [0.5] }],
          },
        },
        {
          name: 'e',
          exponentialHistogram: {
            dataPoints: [
              {
                count: 3,
                scale: -2,
                zeroCount: '1',
                zeroThreshold: 0.1,
                positive: { offset: -5, bucketCounts: ['1', '0'] },
                flags: 1,
              },
            ],
          },
        },
        {
          name: 's',
          summary: {
            dataPoints: [{ count: '2', sum: 5, quantileValues: [{ quantile: 0.5, value: 'NaN' }, {}] }],
          },
        },
      ),
    )
    expect(heard).toMatchObject([
      { resource: [] },
      { metric: { name: 'h', kind: 'histogram', temporality: 2 } },
      { histogram: { count: 3, sum: 1.5, bucketCounts: [1, 2], bounds: [0.5] } },
      { metric: { name: 'e', kind: 'exponential-histogram', temporality: 0 } },
      {
        exponentialHistogram: {
          count: 3,
          sum: undefined,
          scale: -2,
          zeroCount: 1,
          zeroThreshold: 0.1,
          positive: { offset: -5, counts: [1, 0] },
          negative: { offset: 0, counts: [] },
          noRecordedValue: true,
        },
      },
      { metric: { name: 's', kind: 'summary' } },
      {
        summary: {
          count: 2,
          sum: 5,
          quantiles: [
            { quantile: 0.5, value: Number.NaN },
            { quantile: 0, value: 0 },
          ],
        },
      },
    ])
  })

  it('tells of points that cannot be used, and goes on', () => {
    const heard = hear(
      requestOf(
        { name: 'm', gauge: { dataPoints: [{}, { asInt: 1 }, { flags: 1 }] } },
        { name: 'h', histogram: { dataPoints: [{ bucketCounts: [1], explicitBounds: [1] }] } },
        { name: 'new', boxPlot: { dataPoints: [{}, {}] } },
        { name: 'empty' },
      ),
    )
    expect(heard.slice(2)).toMatchObject([
      { refused: 'm', points: 1, reason: 'A data point has no value.' },
      { value: 1 },
      { number: { noRecordedValue: true }, value: Number.NaN },
      { metric: { name: 'h' } },
      { refused: 'h', points: 1 },
      { refused: 'new', points: 2 },
    ])
  })
})

describe('names', () => {
  it('ignores what it does not know, and names in snake_case', () => {
    const metric = {
      name: 'm',
      extra: [1],
      gauge: { data_points: [{ asInt: 1 }], dataPoints: [{ as_int: 2, asInt: '3', x: {} }] },
    }
    const body = { ...requestOf(metric), resource_metrics: 5, more: { a: [{}] } }
    expect(hear(body).flatMap((event) => ('value' in event ? [event.value] : []))).toEqual([3])
    expect(hear({ resource_metrics: [{}] })).toEqual([])
  })

  it.each([[{}], [{ resourceMetrics: [] }], [{ resourceMetrics: null }]])('hears nothing in %j', (body) => {
    expect(hear(body)).toEqual([])
  })

  it('takes empty messages at every level', () => {
    expect(
      hear({ resourceMetrics: [{}, { resource: {}, scopeMetrics: [{}, { scope: null, metrics: [{}] }] }] }),
    ).toEqual([{ resource: [] }, { resource: [] }])
  })
})

describe('mistakes', () => {
  const at = 'resourceMetrics[0].scopeMetrics[0].metrics[0]'
  it.each<[unknown, string]>([
    ['', 'The body is not valid JSON'],
    ['{"resourceMetrics":[}', 'The body is not valid JSON.'],
    ['{"resourceMetrics":[] "a"}', 'The body is not valid JSON (position 22).'],
    ['[]', 'The body must be a JSON object.'],
    ['null', 'The body must be a JSON object.'],
    [{ resourceMetrics: {} }, 'resourceMetrics must be an array.'],
    [{ resourceMetrics: [null] }, 'resourceMetrics[0] must be an object.'],
    [{ resourceMetrics: [{ resource: [] }] }, 'resourceMetrics[0].resource must be an object.'],
    [
      { resourceMetrics: [{ scopeMetrics: [{ scope: { name: 1 } }] }] },
      'resourceMetrics[0].scopeMetrics[0].scope.name must be a string.',
    ],
    [requestOf({ name: 5 }), `${at}.name must be a string.`],
    [
      requestOf({ sum: { aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA' } }),
      `${at}.sum.aggregationTemporality must be 1 (delta) or 2 (cumulative), not the name of an enum.`,
    ],
    [
      pointOf({ asInt: 1.5 }),
      `${at}.gauge.dataPoints[0].asInt must be a 64-bit integer, or one in a string.`,
    ],
    [
      pointOf({ asDouble: 'fast' }),
      `${at}.gauge.dataPoints[0].asDouble must be a number, or "NaN", "Infinity" or "-Infinity".`,
    ],
    [
      pointOf({ timeUnixNano: 'now' }),
      `${at}.gauge.dataPoints[0].timeUnixNano must be a 64-bit integer that is not negative, or one in a string.`,
    ],
    [
      pointOf({ attributes: [{ key: 'a' }, { key: 'b', value: 'c' }] }),
      `${at}.gauge.dataPoints[0].attributes[1].value must be an object.`,
    ],
    [
      pointOf({
        attributes: [
          { key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: { bytesValue: '?' } }] } } },
        ],
      }),
      `${at}.gauge.dataPoints[0].attributes[0].value.kvlistValue.values[0].bytesValue must be base64.`,
    ],
    [
      requestOf({ histogram: { dataPoints: [{ bucketCounts: [1, -1] }] } }),
      `${at}.histogram.dataPoints[0].bucketCounts[1] must be a 64-bit integer that is not negative, or one in a string.`,
    ],
  ])('%j is told by its path', (body, message) => {
    expect(mistake(body)).toContain(message)
  })

  it('refuses what is nested, listed or packed without end', () => {
    let value: object = { intValue: 1 }
    for (let depth = 0; depth < 65; depth++) value = { arrayValue: { values: [value] } }
    expect(mistake(pointOf({ attributes: [{ key: 'a', value }] }))).toContain('nested more than 64 deep')
    expect(mistake(pointOf({ attributes: Array.from({ length: 1025 }, () => ({ key: '' })) }))).toContain(
      'at most 1024 long',
    )
    expect(mistake('['.repeat(2_000_000))).toContain('nested more than 256 deep')
    expect(mistake(`{"x":[${'{},'.repeat(500_000)}{}]}`)).toContain(
      'more objects and arrays than any OTLP request',
    )
    const text = JSON.stringify({ ...pointOf({ asInt: 1 }), note: '"[{\\'.repeat(500_000) })
    expect(hearText(text)).toHaveLength(3)
  })

  it('throws nothing but MalformedBody, whatever is put in a place', () => {
    const fields = [
      'resource',
      'scopeMetrics',
      'scope',
      'metrics',
      'name',
      'unit',
      'gauge',
      'sum',
      'histogram',
      'summary',
      'exponentialHistogram',
    ]
    const pointFields = [
      'dataPoints',
      'attributes',
      'asInt',
      'asDouble',
      'timeUnixNano',
      'flags',
      'positive',
      'quantileValues',
      'bucketCounts',
      'explicitBounds',
      'key',
      'value',
      'arrayValue',
      'values',
      'kvlistValue',
      'stringValue',
      'resourceMetrics',
      '__proto__',
    ]
    const names = [...fields, ...pointFields]
    let state = 99
    const below = (limit: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) % limit
    }
    const anything = (depth: number): string => {
      const leaves = ['null', '1', '-1', '"a"', '"5"', 'true', '1e400', '[]', '{}']
      if (depth === 0 || below(4) === 0) return leaves[below(leaves.length)]!
      if (below(2) === 0) return `[${Array.from({ length: below(3) }, () => anything(depth - 1)).join(',')}]`
      return `{${Array.from({ length: below(4) }, () => `"${names[below(names.length)]}":${anything(depth - 1)}`).join(',')}}`
    }
    for (let round = 0; round < 5_000; round++) {
      const metric = `{"gauge":{"dataPoints":[${anything(4)}]},"sum":null,"name":${anything(1)}}`
      const text =
        round % 2 === 0 ? anything(8) : `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}]}]}]}`
      try {
        hearText(text)
      } catch (error) {
        if (!(error instanceof MalformedBody)) throw new Error(text, { cause: error })
      }
    }
  })
})

import { describe, expect, it } from 'vitest'
import { decodeOtlpMetricsProtobuf } from './decode-otlp-protobuf.ts'
import {
  double,
  doubleBytes,
  fixed,
  fixedBytes,
  int,
  nested,
  sint,
  tag,
  text,
  varint,
} from './fixtures/protobuf-writer.ts'
import { createRecordingSink, type Heard } from './fixtures/recording-sink.ts'
import { type AttributeList, MalformedBody } from './metric-sink.ts'

function hear(bytes: readonly number[]): Heard[] {
  const { heard, sink } = createRecordingSink()
  decodeOtlpMetricsProtobuf(Uint8Array.from(bytes), sink)
  return heard
}

/** A request with one metric of the given fields. */
const requestOf = (...metricFields: readonly number[][]): number[] =>
  nested(1, nested(2, nested(2, ...metricFields)))
const gaugeOf = (...pointFields: readonly number[][]): number[] =>
  requestOf(text(1, 'm'), nested(5, nested(1, ...pointFields)))
const keyValue = (field: number, key: string, ...value: readonly number[][]): number[] =>
  nested(field, text(1, key), nested(2, ...value))

function attributesOf(...fields: readonly number[][]): AttributeList {
  const found = hear(gaugeOf(...fields, double(4, 1))).find((event) => 'number' in event)
  return found!.number.attributes
}

describe('attribute values', () => {
  it.each<[string, number[], unknown]>([
    ['a string', text(1, 'häfen 😀'), 'häfen 😀'],
    ['the empty string', text(1, ''), ''],
    ['true', int(2, 1), true],
    ['false', int(2, 0), false],
    ['a negative integer', int(3, -7n), -7],
    ['an integer beyond 2^53, to the nearest double', int(3, 2n ** 62n + 1n), 2 ** 62],
    ['the smallest integer', int(3, -(2n ** 63n)), -(2 ** 63)],
    ['a double', double(4, 0.25), 0.25],
    ['NaN', double(4, Number.NaN), Number.NaN],
    ['bytes, as base64', nested(7, [0xfb, 0xff, 0x00, 0x61]), '+/8AYQ=='],
    [
      'an array, as JSON',
      nested(5, nested(1, text(1, 'a"')), nested(1, int(3, 2)), nested(1)),
      '["a\\"",2,null]',
    ],
    [
      'doubles that JSON lacks',
      nested(5, nested(1, double(4, Number.NaN)), nested(1, double(4, -Infinity))),
      '["NaN","-Infinity"]',
    ],
    [
      'a list of keys, as JSON',
      nested(6, keyValue(1, '__proto__', int(2, 1)), keyValue(1, 'b', nested(7, [1]))),
      '{"__proto__":true,"b":"AQ=="}',
    ],
    ['an array in a list', nested(6, keyValue(1, 'a', nested(5, nested(1, int(3, 1))))), '{"a":[1]}'],
    ['the last of two values', [...text(1, 'a'), ...int(3, 5)], 5],
    ['a value of a kind not known yet', nested(15, [1, 2, 3]), ''],
    ['text that is not UTF-8', nested(1, [0x61, 0xff, 0x62]), 'a\ufffdb'],
  ])('reads %s', (_, value, wanted) => {
    expect(attributesOf(keyValue(7, 'k', value))).toEqual([['k', wanted]])
  })

  it('takes a key without a value as empty, and a value without a key', () => {
    expect(attributesOf(nested(7, text(1, 'k')), nested(7, nested(2, text(1, 'v'))))).toEqual([
      ['k', ''],
      ['', 'v'],
    ])
  })

  it('keeps both of a repeated key, in order', () => {
    expect(attributesOf(keyValue(7, 'k', int(3, 1)), keyValue(7, 'k', int(3, 2)))).toEqual([
      ['k', 1],
      ['k', 2],
    ])
  })

  it('gives the same list for the same bytes, and another for others', () => {
    const point = (value: string) => nested(1, keyValue(7, 'route', text(1, value)), double(4, 1))
    const [first, second, third] = hear(
      requestOf(text(1, 'm'), nested(5, point('/a'), point('/a'), point('/b'))),
    )
      .filter((event) => 'number' in event)
      .map((event) => event.number.attributes)
    expect(second).toBe(first)
    expect(third).toEqual([['route', '/b']])
  })

  it('collects attributes that are scattered over a point, and does not mix them up with another point', () => {
    const one = keyValue(7, 'a', int(3, 1))
    const two = keyValue(7, 'b', int(3, 2))
    const three = keyValue(7, 'c', int(3, 3))
    const unknown = int(20, 0)
    for (let round = 0; round < 2; round++) {
      expect(attributesOf(one, unknown, two, unknown, three)).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ])
      expect(attributesOf(one)).toEqual([['a', 1]])
    }
  })

  it('refuses nesting without end, and lists without end', () => {
    let value = int(3, 1)
    for (let depth = 0; depth < 64; depth++) value = nested(5, nested(1, value))
    expect(attributesOf(keyValue(7, 'k', value))[0]![1]).toMatch(/^\[{64}1\]{64}$/)
    expect(() => attributesOf(keyValue(7, 'k', nested(5, nested(1, value))))).toThrow(MalformedBody)
    expect(() => attributesOf(...Array.from({ length: 1025 }, () => nested(7)))).toThrow(MalformedBody)
  })

  it.each([
    ['short', 10, 140_000],
    ['long', 1000, 40_000],
  ])('survives more distinct %s lists than it remembers', (_, length, lists) => {
    const digits = (index: number) => String(index).padStart(length, 'x')
    const bytes = Uint8Array.from(gaugeOf(keyValue(7, 'k', text(1, digits(0))), double(4, 1)))
    const lastDigit = bytes.length - 10
    const values: unknown[] = []
    const { sink } = createRecordingSink()
    const hearing = {
      ...sink,
      number: ({ attributes }: { attributes: AttributeList }) => values.push(attributes[0]![1]),
    }
    for (let index = 0; index < lists; index++) {
      const wanted = digits(index)
      for (let back = 0; back < 6; back++) bytes[lastDigit - back] = wanted.charCodeAt(length - 1 - back)
      decodeOtlpMetricsProtobuf(bytes, hearing)
      if (values.pop() !== wanted) throw new Error(`list ${index} was taken for another`)
    }
  })
})

describe('numbers and times', () => {
  it.each<[string, number[], number]>([
    ['a double', double(4, -0.5), -0.5],
    ['Infinity', double(4, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY],
    ['an integer', fixed(6, -3n), -3],
    ['the largest integer', fixed(6, 2n ** 63n - 1n), 2 ** 63],
    ['an integer between two doubles', fixed(6, -(2n ** 53n + 1n)), -(2 ** 53)],
    ['the last of two', [...fixed(6, 3n), ...double(4, 4)], 4],
  ])('reads %s', (_, field, value) => {
    expect(hear(gaugeOf(field)).at(-1)).toMatchObject({ value })
  })

  it('keeps the fraction of a millisecond as a double can', () => {
    const point = hear(
      gaugeOf(double(4, 1), fixed(2, 1_795_192_094_177_000_000n), fixed(3, 1_795_192_094_177_123_456n)),
    ).at(-1)
    expect(point).toMatchObject({ number: { startMs: 1_795_192_094_177, timeMs: 1_795_192_094_177.1235 } })
  })

  it('tells of a point without a value and goes on', () => {
    expect(hear(requestOf(text(1, 'm'), nested(7, nested(1), nested(1, fixed(6, 1n))))).slice(2)).toEqual([
      { refused: 'm', points: 1, reason: 'A data point has no value.' },
      { number: { attributes: [], startMs: 0, timeMs: 0, noRecordedValue: false }, value: 1 },
    ])
  })

  it('hears the end of a series', () => {
    expect(hear(gaugeOf(int(8, 1))).at(-1)).toMatchObject({
      number: { noRecordedValue: true },
      value: Number.NaN,
    })
  })
})

describe('kinds', () => {
  it('reads a histogram whose lists are packed, unpacked and in several packs', () => {
    const point = nested(
      1,
      nested(6, fixedBytes(1n), fixedBytes(2n)),
      [...tag(6, 1), ...fixedBytes(3n)],
      nested(6, fixedBytes(2n ** 60n)),
      [...tag(7, 1), ...doubleBytes(0.5)],
      nested(7, doubleBytes(1), doubleBytes(2)),
      fixed(4, 6n),
      keyValue(9, 'k', int(3, 1)),
      double(11, 0.1),
      double(12, 9),
      nested(8, double(3, 1)),
    )
    expect(hear(requestOf(text(1, 'h'), text(3, 's'), nested(9, point, int(2, 1)))).slice(1)).toEqual([
      { metric: { name: 'h', unit: 's', scope: '', kind: 'histogram', temporality: 1, monotonic: false } },
      {
        histogram: {
          attributes: [['k', 1]],
          startMs: 0,
          timeMs: 0,
          noRecordedValue: false,
          count: 6,
          sum: undefined,
          bounds: [0.5, 1, 2],
          bucketCounts: [1, 2, 3, 2 ** 60],
        },
      },
    ])
  })

  it.each<[string, number[]]>([
    ['fewer buckets than bounds', [...nested(6, fixedBytes(1n)), ...nested(7, doubleBytes(1))]],
    ['bounds without buckets', nested(7, doubleBytes(1))],
    [
      'bounds that do not ascend',
      [
        ...nested(6, fixedBytes(1n), fixedBytes(1n), fixedBytes(1n)),
        ...nested(7, doubleBytes(1), doubleBytes(1)),
      ],
    ],
    [
      'a bound that is not a number',
      [...nested(6, fixedBytes(1n), fixedBytes(1n)), ...nested(7, doubleBytes(Number.NaN))],
    ],
  ])('refuses a histogram point with %s, alone', (_, fields) => {
    const heard = hear(requestOf(text(1, 'h'), nested(9, nested(1, fields), nested(1, fixed(4, 2n)))))
    expect(heard[2]).toMatchObject({ refused: 'h', points: 1 })
    expect(heard[3]).toMatchObject({ histogram: { count: 2 } })
  })

  it('reads an exponential histogram with a negative scale and offsets', () => {
    const buckets = (field: number, offset: number, ...counts: number[]) =>
      nested(field, sint(1, offset), nested(2, ...counts.map((count) => varint(BigInt(count)))), int(2, 300))
    const point = nested(
      1,
      sint(6, -10),
      fixed(7, 5n),
      double(14, 1e-9),
      buckets(8, -1000, 1, 200),
      buckets(9, 2 ** 31 - 1),
      double(5, 2.5),
      fixed(4, 9n),
    )
    expect(hear(requestOf(nested(10, point))).at(-1)).toMatchObject({
      exponentialHistogram: {
        count: 9,
        sum: 2.5,
        scale: -10,
        zeroCount: 5,
        zeroThreshold: 1e-9,
        positive: { offset: -1000, counts: [1, 200, 300] },
        negative: { offset: 2 ** 31 - 1, counts: [300] },
      },
    })
  })

  it('reads a summary', () => {
    const point = nested(
      1,
      fixed(4, 3n),
      double(5, 6),
      nested(6, double(1, 0.5), double(2, 1.5)),
      nested(6, double(1, 1), double(2, 4)),
    )
    expect(hear(requestOf(nested(11, point))).at(-1)).toMatchObject({
      summary: {
        count: 3,
        sum: 6,
        quantiles: [
          { quantile: 0.5, value: 1.5 },
          { quantile: 1, value: 4 },
        ],
      },
    })
  })

  it('tells of a kind that it does not know, and is silent about a metric that is empty', () => {
    expect(hear(requestOf(text(1, 'm'), nested(13, nested(1))))[1]).toMatchObject({ refused: 'm', points: 1 })
    expect(hear(requestOf(text(1, 'm'), text(2, 'about'), nested(12)))).toEqual([{ resource: [] }])
  })

  it('takes an enum that it does not know as unspecified', () => {
    expect(hear(requestOf(nested(7, int(2, 9))))[1]).toMatchObject({ metric: { temporality: 0 } })
  })

  it('refuses a point with buckets without end', () => {
    const many = nested(
      8,
      nested(
        2,
        Array.from({ length: 16_385 }, () => 0),
      ),
    )
    expect(() => hear(requestOf(nested(10, nested(1, many))))).toThrow(/more than 16384 buckets/)
  })
})

describe('order and gaps', () => {
  it('knows resource, scope, name and temporality even where they follow what they explain', () => {
    const metric = nested(
      2,
      nested(7, nested(1, fixed(6, 1n)), int(3, 1), int(2, 2)),
      text(3, 'By'),
      text(1, 'late'),
    )
    const body = nested(
      1,
      nested(2, metric, nested(1, text(1, 'lib'))),
      nested(1, keyValue(1, 'host', text(1, 'h'))),
    )
    expect(hear(body)).toEqual([
      { resource: [['host', 'h']] },
      { metric: { name: 'late', unit: 'By', scope: 'lib', kind: 'sum', temporality: 2, monotonic: true } },
      { number: { attributes: [], startMs: 0, timeMs: 0, noRecordedValue: false }, value: 1 },
    ])
  })

  it('joins messages that come in two parts, and lets the last kind of a metric count', () => {
    const point = (value: number) => nested(1, double(4, value))
    const parts = requestOf(
      text(1, 'm'),
      nested(5, point(1)),
      nested(7, point(2)),
      nested(7, point(3), int(2, 2)),
    )
    const heard = hear(parts)
    expect(heard[1]).toMatchObject({ metric: { kind: 'sum', temporality: 2 } })
    expect(heard.slice(2).map((event) => 'value' in event && event.value)).toEqual([2, 3])
    const resources = hear(
      nested(1, nested(1, keyValue(1, 'a', int(3, 1))), nested(1, keyValue(1, 'b', int(3, 2)))),
    )
    expect(resources).toEqual([
      {
        resource: [
          ['a', 1],
          ['b', 2],
        ],
      },
    ])
  })

  it('skips unknown fields at every level', () => {
    const unknown = [
      ...int(900, 2n ** 63n),
      ...fixed(901, 1n),
      ...nested(902, [255, 255]),
      ...tag(903, 5),
      1,
      2,
      3,
      4,
    ]
    const point = nested(1, unknown, double(4, 1), keyValue(7, 'k', unknown, int(3, 1)), unknown)
    const metric = nested(2, unknown, text(1, 'm'), nested(5, unknown, point))
    const body = [
      ...unknown,
      ...nested(1, nested(1, unknown), unknown, nested(2, nested(1, unknown), unknown, metric)),
    ]
    expect(hear(body)).toEqual([
      { resource: [] },
      { metric: { name: 'm', unit: '', scope: '', kind: 'gauge', temporality: 0, monotonic: false } },
      { number: { attributes: [['k', 1]], startMs: 0, timeMs: 0, noRecordedValue: false }, value: 1 },
    ])
  })

  it('takes an empty body, and empty messages', () => {
    expect(hear([])).toEqual([])
    expect(hear([...nested(1), ...nested(1, nested(1), nested(2)), ...requestOf()])).toHaveLength(3)
  })
})

describe('what is not OTLP', () => {
  it.each<[string, number[], number]>([
    ['a message cut off', nested(1, nested(2)).slice(0, -1), 1],
    ['a length beyond the body', [0x0a, 0x05, 0x00], 1],
    ['a length beyond 32 bits', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 1],
    ['a varint without end', [0x78, ...Array.from({ length: 12 }, () => 0xff)], 1],
    ['a varint of 65 bits', [0x78, ...Array.from({ length: 9 }, () => 0xff), 0x02], 1],
    ['a varint cut off', [0x78, 0x80], 1],
    ['field number 0', [0x00], 0],
    ['a tag beyond 32 bits', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 0],
    ['a group', [0x7b, 0x7c], 1],
    ['wire type 7', [0x7f], 1],
    ['a known field in the wrong wire type', int(1, 5), 1],
    ['a number cut off', gaugeOf([0x21, 1, 2]), 14],
    ['text', [...'{"resourceMetrics":[]}'].map((character) => character.charCodeAt(0)), 1],
  ])('refuses %s, and says where', (_, bytes, offset) => {
    let caught: unknown
    try {
      hear(bytes)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(MalformedBody)
    expect((caught as MalformedBody).offset).toBe(offset)
  })

  it('throws nothing but MalformedBody, whatever is changed or cut', () => {
    const point = nested(
      1,
      keyValue(7, 'k', nested(6, keyValue(1, 'a', text(1, 'b')))),
      fixed(3, 5n),
      double(4, 1),
    )
    const histogram = nested(
      1,
      nested(6, fixedBytes(1n), fixedBytes(2n)),
      nested(7, doubleBytes(1)),
      fixed(4, 3n),
    )
    const exponential = nested(1, sint(6, 3), nested(8, sint(1, -4), nested(2, varint(300n))), fixed(4, 3n))
    const metrics = [
      nested(5, point),
      nested(7, point, int(2, 2)),
      nested(9, histogram),
      nested(10, exponential),
      nested(11, point),
    ]
    const body = nested(
      1,
      nested(1, keyValue(1, 'host', text(1, 'h'))),
      nested(2, ...metrics.map((data) => nested(2, text(1, 'm'), data))),
    )
    let state = 12345
    const below = (limit: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) % limit
    }
    let refused = 0
    for (let round = 0; round < 30_000; round++) {
      const bytes = Uint8Array.from(body)
      for (let changes = below(4); changes >= 0; changes--) bytes[below(bytes.length)] = below(256)
      const cut = below(3) === 0 ? below(bytes.length) : bytes.length
      try {
        decodeOtlpMetricsProtobuf(bytes.subarray(0, cut), createRecordingSink().sink)
      } catch (error) {
        if (!(error instanceof MalformedBody)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(1000)
    for (let length = 0; length < body.length; length++) {
      try {
        hear(body.slice(0, length))
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBody)
      }
    }
  })
})

import { describe, expect, it } from 'vitest'
import { type BlockEntry, encodeBlock, isWholeBlock, openBlock } from './block.ts'

const startMs = 1_795_003_200_000
let state = 7
const random = (): number => {
  state = (state * 48_271) % 2_147_483_647
  return state / 2_147_483_647
}
const column = (count: number, next: (index: number) => number) =>
  Float64Array.from({ length: count }, (_, i) => next(i))

const kinds: Record<string, (index: number) => number> = {
  zero: () => 0,
  'minus zero': () => -0,
  'not a number': () => Number.NaN,
  'infinities and plain ones': (i) => [Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, -1][i % 4]!,
  'a counter': (i) => i * 17 + Math.floor(random() * 5),
  'a counter that restarts': (i) => (i % 300) * 1e9,
  'bytes that wander': () => Math.floor(random() * 1e9),
  decimals: () => Math.round(random() * 1e6) / 1e6,
  quotients: () => random() / (1 + Math.floor(random() * 40)),
  'repeated quotients': (i) => Math.floor(i / 50) / 3,
  'seldom other than 0': () => (random() < 0.03 ? Math.floor(random() * 9) : 0),
  'whole numbers at the edge of what differences hold': (i) => (i % 2 === 0 ? 2 ** 50 - 1 : -(2 ** 50 - 1)),
  'whole numbers beyond it': (i) => (i % 2 === 0 ? 2 ** 53 : -(2 ** 53) + i),
  'smallest and largest doubles': (i) => [5e-324, 1.797e308, -5e-324, 2 ** -1022][i % 4]!,
  'one of a kind': (i) => (i === 5 ? 1e15 : 3),
}

const bits = (values: Float64Array) => [...new BigUint64Array(values.slice().buffer)]

describe('a block', () => {
  it.each(Object.entries(kinds))('keeps %s exactly', (_name, next) => {
    for (const count of [1, 2, 3, 720]) {
      const timesMs = column(count, (i) => startMs + i * 10_000 + (i % 3))
      const values = column(count, next)
      const read = openBlock(encodeBlock([{ seriesId: 4, timesMs, columns: [values] }])).read(4)
      expect(bits(read!.columns[0]!)).toEqual(bits(values))
      expect(bits(read!.timesMs)).toEqual(bits(timesMs))
    }
  })

  it('keeps any bits for values', () => {
    const words = new Uint32Array(4000).map(() => random() * 2 ** 32)
    const values = new Float64Array(words.buffer)
    const timesMs = column(values.length, (i) => startMs + i)
    const read = openBlock(encodeBlock([{ seriesId: 0, timesMs, columns: [values] }])).read(0)
    expect(bits(read!.columns[0]!)).toEqual(bits(values))
  })

  it.each([
    ['regular', (i: number) => startMs + i * 10_000],
    ['with fractions', (i: number) => startMs + i * 10_000 + Math.floor(random() * 4096) / 4096],
    ['far apart', (i: number) => startMs * 2 ** i],
    ['finer than any clock', (i: number) => i * 1e-9 + 1e-9],
  ])('keeps times that are %s', (_name, next) => {
    const timesMs = column(12, next)
    const read = openBlock(encodeBlock([{ seriesId: 1, timesMs, columns: [timesMs] }])).read(1)
    expect(bits(read!.timesMs)).toEqual(bits(timesMs))
  })

  it('shares times and equal columns, and reads the columns asked for', () => {
    const timesMs = column(720, (i) => startMs + i * 10_000)
    const values = column(720, (i) => i * i)
    const entries = (count: number): BlockEntry[] =>
      Array.from({ length: count }, (_, index) => ({
        seriesId: 10 + index * 3,
        timesMs,
        columns: [values, column(720, (i) => i * i)],
      }))
    const [one, ten] = [encodeBlock(entries(1)), encodeBlock(entries(10))]
    expect(ten.length - one.length).toBeLessThanOrEqual(9 * 5)
    const block = openBlock(ten)
    expect(block.seriesIds).toEqual(entries(10).map(({ seriesId }) => seriesId))
    expect(block.read(37, [1])?.columns).toEqual([values])
    expect(block.read(11)).toBeNull()
  })

  it('tells damage', () => {
    const timesMs = column(100, (i) => startMs + i)
    const whole = encodeBlock([{ seriesId: 1, timesMs, columns: [column(100, random)] }])
    expect(isWholeBlock(whole)).toBe(true)
    for (let at = 0; at < whole.length; at += 1) {
      const damaged = whole.slice()
      damaged[at]! ^= 0x10
      expect(isWholeBlock(damaged)).toBe(false)
      try {
        openBlock(damaged).read(1)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
    expect(() => openBlock(whole.subarray(0, 40))).toThrow(RangeError)
  })
})

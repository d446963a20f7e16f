import { describe, expect, it } from 'vitest'
import { decodeChunk, encodeChunk, maxChunkSamples } from './sample-chunk.ts'

/** xorshift32: the same sequence for the same seed, on every machine. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const bitsOf = (doubles: Float64Array): BigUint64Array =>
  new BigUint64Array(doubles.buffer.slice(doubles.byteOffset, doubles.byteOffset + doubles.byteLength))

const roundTrip = (timesMs: Float64Array, values: Float64Array): number => {
  const bytes = encodeChunk({ timesMs, values })
  const decoded = decodeChunk(bytes)
  expect(bitsOf(decoded.timesMs)).toEqual(bitsOf(timesMs))
  expect(bitsOf(decoded.values)).toEqual(bitsOf(values))
  return bytes.length
}

const startMs = 1_795_000_000_000
const everyTenSeconds = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => startMs + i * 10_000)

describe('a chunk gives back every bit', () => {
  const odd = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    1,
    -1,
    0.1,
    1 / 3,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    Number.EPSILON,
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 53),
    2 ** 50,
    2 ** 50 + 1,
    2 ** 51,
    1e22,
    1e300,
    123456.789,
    0.000001,
    1e-12,
    5e-13,
  ]

  it.each(odd)('%s alone, repeated, and next to 1', (value) => {
    roundTrip(everyTenSeconds(1), Float64Array.of(value))
    roundTrip(everyTenSeconds(5), Float64Array.of(value, value, value, value, value))
    roundTrip(everyTenSeconds(4), Float64Array.of(1, value, 2, value))
  })

  it('the payload of a NaN, which Prometheus uses to mark an ended series', () => {
    const values = new Float64Array(new BigUint64Array([0x7ff0000000000002n, 0x7ff8000000000001n]).buffer)
    roundTrip(everyTenSeconds(2), values)
    roundTrip(
      everyTenSeconds(2),
      new Float64Array(new BigUint64Array([0x7ff0000000000002n, 0x7ff0000000000002n]).buffer),
    )
  })

  it('any mixture of odd and ordinary values at any times', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = randomFrom(seed)
      const count = 1 + Math.floor(random() * 150)
      const exponent = Math.floor(random() * 14)
      const oddShare = random() < 0.5 ? 0 : random()
      const fraction = random() < 0.3 ? 4096 : random() < 0.2 ? 1e9 : 1
      let timeMs = random() < 0.1 ? -startMs : random() < 0.1 ? 0 : startMs
      const timesMs = new Float64Array(count)
      const values = new Float64Array(count)
      for (let i = 0; i < count; i += 1) {
        timeMs += 1 + Math.floor(random() * 10_000 * fraction) / fraction
        timesMs[i] = timeMs
        values[i] =
          random() < oddShare
            ? odd[Math.floor(random() * odd.length)]!
            : Math.round((random() - 0.3) * 10 ** (exponent + 3)) / 10 ** exponent
      }
      try {
        roundTrip(timesMs, values)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })

  it('arbitrary bit patterns as times and values', () => {
    const random = randomFrom(7)
    for (let round = 0; round < 50; round += 1) {
      const words = Uint32Array.from({ length: 60 }, () => random() * 2 ** 32)
      roundTrip(everyTenSeconds(30), new Float64Array(words.buffer))
      const times = new Float64Array(words.buffer.slice(0)).map((time) => (Number.isNaN(time) ? 0 : time))
      roundTrip(times, new Float64Array(words.buffer))
    }
  })

  it('a counter that starts again, and times that go back', () => {
    roundTrip(everyTenSeconds(6), Float64Array.of(10, 20, 30, 2, 12, 22))
    roundTrip(Float64Array.of(startMs, startMs - 5, startMs + 1e15), Float64Array.of(1, 2, 3))
  })

  it('the largest chunk', () => {
    roundTrip(
      everyTenSeconds(maxChunkSamples),
      new Float64Array(maxChunkSamples).map((_, i) => i % 7),
    )
  })
})

describe('a chunk is small', () => {
  it.each([
    ['a constant', () => 0.25, 0.3],
    ['a counter under steady load', (i: number) => i * 1234, 1.2],
    ['megabytes that wander', (i: number) => 50_000_000 + ((i * 7919) % 4096) * 10, 3.2],
    ['milliseconds as seconds', (i: number) => ((i * 7919) % 1000) / 1000, 2.3],
  ])('%s', (_, value, mostBytesPerSample) => {
    const values = Float64Array.from({ length: 120 }, (_, i) => value(i))
    expect(roundTrip(everyTenSeconds(120), values) / 120).toBeLessThanOrEqual(mostBytesPerSample)
  })

  it('never more than 18 bytes per sample and a few in front', () => {
    const random = randomFrom(3)
    const noise = Float64Array.from({ length: 120 }, () => random() * 10 ** (random() * 600 - 300))
    expect(
      roundTrip(
        noise.map((time, i) => time * i),
        noise,
      ),
    ).toBeLessThanOrEqual(120 * 16 + 8)
  })
})

describe('bytes that are no chunk', () => {
  const chunk = encodeChunk({
    timesMs: everyTenSeconds(20),
    values: Float64Array.from({ length: 20 }, (_, i) => i / 8),
  })

  it('are refused wherever they are cut', () => {
    for (let length = 0; length < chunk.length; length += 1) {
      expect(() => decodeChunk(chunk.subarray(0, length))).toThrow(RangeError)
    }
    expect(() => decodeChunk(Uint8Array.of(...chunk, 0))).toThrow(/1 bytes too many/)
  })

  it('never hang or ask for much memory, whichever byte is wrong', () => {
    const random = randomFrom(11)
    for (let round = 0; round < 2000; round += 1) {
      const bytes = chunk.slice()
      bytes[Math.floor(random() * bytes.length)] = random() * 256
      try {
        expect(decodeChunk(bytes).values.length).toBeLessThanOrEqual(maxChunkSamples)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }
  })

  it('cannot be made of columns of different lengths, or of none', () => {
    expect(() => encodeChunk({ timesMs: new Float64Array(2), values: new Float64Array(1) })).toThrow(
      RangeError,
    )
    expect(() => encodeChunk({ timesMs: new Float64Array(0), values: new Float64Array(0) })).toThrow(
      RangeError,
    )
  })
})

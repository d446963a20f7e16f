import { readDouble, writeDouble } from './float-bits.ts'
import { type ByteCursor, maxDeltaInteger, readVarint, unzigzag, writeVarint, zigzag } from './varint.ts'

/**
 * Times are the first one in full, then differences. A reporter that keeps its interval has differences of
 * differences near 0: one byte each, and none at all when it is exact (`regular`).
 *
 * A double of today's size in milliseconds is a multiple of 2^-12, so times with a fraction become whole
 * numbers at that scale without losing a bit (`fraction`). Whatever fits neither is written as it is.
 */
const form = { regular: 0, milliseconds: 1, fraction: 2, raw: 3 } as const
const fractionScale = 4096

export const maxTimeColumnBytes = (count: number): number => 17 + 8 * count

export const writeTimeColumn = (cursor: ByteCursor, timesMs: Float64Array, count: number): void => {
  const formAt = cursor.at++
  const startAt = cursor.at
  for (const [name, scale] of [
    [form.milliseconds, 1],
    [form.fraction, fractionScale],
  ] as const) {
    const fits = tryDifferences(cursor, timesMs, count, scale)
    if (fits === 'no') {
      cursor.at = startAt
      continue
    }
    cursor.bytes[formAt] = fits === 'regular' && scale === 1 ? form.regular : name
    if (cursor.bytes[formAt] === form.regular) {
      cursor.at = startAt
      writeDouble(cursor, timesMs[0]!)
      writeVarint(cursor, zigzag(count > 1 ? timesMs[1]! - timesMs[0]! : 0))
    }
    return
  }
  cursor.bytes[formAt] = form.raw
  for (let index = 0; index < count; index += 1) writeDouble(cursor, timesMs[index]!)
}

const tryDifferences = (
  cursor: ByteCursor,
  timesMs: Float64Array,
  count: number,
  scale: number,
): 'no' | 'yes' | 'regular' => {
  const limit = cursor.at + 8 + 8 * count
  writeDouble(cursor, timesMs[0]!)
  let previous = timesMs[0]! * scale
  // -0 is a whole number that a difference would turn into 0.
  if (!Number.isSafeInteger(previous) || Object.is(previous, -0)) return 'no'
  let previousDelta = 0
  let regular = true
  for (let index = 1; index < count; index += 1) {
    const time = timesMs[index]! * scale
    const delta = time - previous
    if (!Number.isSafeInteger(time) || Object.is(time, -0)) return 'no'
    if (delta > maxDeltaInteger || delta < -maxDeltaInteger || cursor.at >= limit) return 'no'
    if (index > 1 && delta !== previousDelta) regular = false
    writeVarint(cursor, zigzag(delta - previousDelta))
    previous = time
    previousDelta = delta
  }
  return regular ? 'regular' : 'yes'
}

export const readTimeColumn = (cursor: ByteCursor, count: number): Float64Array => {
  const timesMs = new Float64Array(count)
  const name = cursor.bytes[cursor.at++]
  if (name === form.raw) {
    for (let index = 0; index < count; index += 1) timesMs[index] = readDouble(cursor)
    return timesMs
  }
  if (name !== form.regular && name !== form.milliseconds && name !== form.fraction) {
    throw new RangeError(`chunk has times of unknown form ${name}`)
  }
  const scale = name === form.fraction ? fractionScale : 1
  let time = readDouble(cursor) * scale
  let delta = name === form.regular ? unzigzag(readVarint(cursor)) : 0
  timesMs[0] = time / scale
  for (let index = 1; index < count; index += 1) {
    if (name !== form.regular) delta += unzigzag(readVarint(cursor))
    time += delta
    timesMs[index] = time / scale
  }
  return timesMs
}

import { crc32 } from 'node:zlib'
import { type ByteCursor, readVarint, writeVarint } from '../chunk/varint.ts'
import { decodeTimes, decodeValues, encodeTimes, encodeValues } from './number-columns.ts'

/** What a block holds of one series: one column of values for samples, several for roll-ups. All of one length. */
export interface BlockEntry {
  readonly seriesId: number
  readonly timesMs: Float64Array
  readonly columns: readonly Float64Array[]
}

/**
 * Many series' columns of one span of time, as one run of bytes:
 *
 *     u8 format   varints: times T, columns C, entries E
 *     T × (count, bytes)   C × bytes   E × (series id less the one before, number of times, columns K, K × number of column)
 *     the columns of times, the columns of values   u32 CRC-32 of all before
 *
 * An agent's series are reported together, so they share one column of times; series that were equal throughout,
 * as the buckets of a histogram often are, share one column of values. Any series is read without decoding another.
 */
const blockFormat = 1
/** Without bounds a damaged byte could ask for gigabytes. */
const maxEntries = 65_536
const maxCount = 2 ** 22

/** Entries with ids ascending, none empty. */
export const encodeBlock = (entries: readonly BlockEntry[]): Uint8Array => {
  const times = createPool()
  const values = createPool()
  const references = entries.map(({ timesMs, columns }) => ({
    times: times.add(timesMs, encodeTimes),
    columns: columns.map((column) => values.add(column, encodeValues)),
  }))
  const columnCount = references.reduce((sum, { columns }) => sum + columns.length, 0)
  const bytes = new Uint8Array(
    64 +
      16 * (times.columns.length + values.columns.length + entries.length + columnCount) +
      times.bytes +
      values.bytes,
  )
  const cursor: ByteCursor = { bytes, at: 0 }
  bytes[cursor.at++] = blockFormat
  for (const number of [times.columns.length, values.columns.length, entries.length])
    writeVarint(cursor, number)
  for (const { count, encoded } of times.columns) {
    writeVarint(cursor, count)
    writeVarint(cursor, encoded.length)
  }
  for (const { encoded } of values.columns) writeVarint(cursor, encoded.length)
  let previous = 0
  for (const [index, { seriesId }] of entries.entries()) {
    const reference = references[index]!
    writeVarint(cursor, seriesId - previous)
    writeVarint(cursor, reference.times)
    writeVarint(cursor, reference.columns.length)
    for (const column of reference.columns) writeVarint(cursor, column)
    previous = seriesId
  }
  for (const { encoded } of [...times.columns, ...values.columns]) {
    bytes.set(encoded, cursor.at)
    cursor.at += encoded.length
  }
  new DataView(bytes.buffer).setUint32(cursor.at, crc32(bytes.subarray(0, cursor.at)))
  return bytes.slice(0, cursor.at + 4)
}

interface Pooled {
  readonly count: number
  readonly encoded: Uint8Array
}

/** Equal columns are kept once. The same array given again, the usual case for times, is not even encoded again. */
const createPool = () => {
  const columns: Pooled[] = []
  const byArray = new Map<Float64Array, number>()
  const byBytes = new Map<string, number>()
  let bytes = 0
  return {
    columns,
    get bytes() {
      return bytes
    },
    add(column: Float64Array, encode: (column: Float64Array) => Uint8Array): number {
      const known = byArray.get(column)
      if (known !== undefined) return known
      const encoded = encode(column)
      const key = `${column.length} ${Buffer.from(encoded.buffer, 0, encoded.length).toString('latin1')}`
      let number = byBytes.get(key)
      if (number === undefined) {
        number = columns.push({ count: column.length, encoded }) - 1
        bytes += encoded.length
        byBytes.set(key, number)
      }
      byArray.set(column, number)
      return number
    },
  }
}

export interface Block {
  readonly seriesIds: readonly number[]
  /** All columns of a series, or those with the given numbers; null when it is not here. */
  read(seriesId: number, columns?: readonly number[]): BlockEntry | null
}

/** Reads the list of contents; throws a RangeError that says what is wrong when the bytes are not a block. */
export const openBlock = (bytes: Uint8Array): Block => {
  if (bytes[0] !== blockFormat) throw new RangeError(`block has unknown format ${bytes[0]}`)
  const cursor: ByteCursor = { bytes, at: 1 }
  const [timesCount, valuesCount, entryCount] = [readVarint(cursor), readVarint(cursor), readVarint(cursor)]
  if (timesCount > maxEntries || entryCount > maxEntries || valuesCount > maxEntries * 8)
    throw new RangeError('block claims too many columns')
  const counts: number[] = []
  const lengths: number[] = []
  for (let index = 0; index < timesCount; index += 1) {
    counts.push(readVarint(cursor))
    lengths.push(readVarint(cursor))
    if (counts[index]! > maxCount) throw new RangeError('block claims too many samples')
  }
  for (let index = 0; index < valuesCount; index += 1) lengths.push(readVarint(cursor))
  const seriesIds: number[] = []
  const places = new Map<number, { times: number; columns: number[] }>()
  let seriesId = 0
  for (let index = 0; index < entryCount; index += 1) {
    seriesId += readVarint(cursor)
    const times = readVarint(cursor)
    const columns = Array.from({ length: readVarint(cursor) % 256 }, () => readVarint(cursor))
    if (times >= timesCount || columns.some((column) => column >= valuesCount))
      throw new RangeError('block names a column that it has not')
    seriesIds.push(seriesId)
    places.set(seriesId, { times, columns })
  }
  const offsets: number[] = []
  let end = cursor.at
  for (const length of lengths) {
    offsets.push(end)
    end += length
  }
  if (end + 4 !== bytes.length) throw new RangeError('block has another length than its columns')
  const timesRead: Float64Array[] = []
  const place = (column: number): readonly [start: number, end: number] => [
    offsets[column]!,
    offsets[column]! + lengths[column]!,
  ]

  return {
    seriesIds,
    read(wanted, numbers) {
      const found = places.get(wanted)
      if (found === undefined) return null
      const count = counts[found.times]!
      timesRead[found.times] ??= decodeTimes(bytes, ...place(found.times), count)
      const columns = (numbers?.map((number) => found.columns[number]!) ?? found.columns).map((column) =>
        decodeValues(bytes, ...place(timesCount + column), count),
      )
      return { seriesId: wanted, timesMs: timesRead[found.times]!, columns }
    },
  }
}

/** Whether the checksum fits. Not asked at every reading: SQLite's pages go wrong seldom, and sums are what `check` is for. */
export const isWholeBlock = (bytes: Uint8Array): boolean =>
  bytes.length > 5 &&
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4) ===
    crc32(bytes.subarray(0, bytes.length - 4))

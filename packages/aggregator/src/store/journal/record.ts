import { crc32 } from 'node:zlib'
import type { SampleColumns, Series } from '@perfmon/protocol'
import type { SampleBatch } from '../store.ts'

/**
 * One batch as one run of bytes, the same in the message to the worker, in the journal and in memory: it is
 * copied once, on the caller's thread, and never parsed on the way to the disk.
 *
 *     u32 payload bytes   u32 CRC-32 of all that follows   u32 record number   u32 type
 *     u32 samples         u32 bytes of series              times f64   values f64   series ids u32   series JSON
 *
 * Columns are padded to 8 bytes so that they can be read where they lie. Byte order is the machine's own: a
 * journal lives for minutes, on the machine that wrote it; the segment's first word tells if it was moved.
 */
export const recordHeaderBytes = 16
const batchHeaderBytes = 8
const batchType = 1

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8

export const packBatch = (batch: SampleBatch): ArrayBuffer => {
  const count = batch.seriesIds.length
  if (batch.timesMs.length !== count || batch.values.length !== count) {
    throw new RangeError(
      `columns differ: ${count} ids, ${batch.timesMs.length} times, ${batch.values.length} values`,
    )
  }
  const series =
    batch.newSeries.length === 0
      ? new Uint8Array(0)
      : new TextEncoder().encode(JSON.stringify(batch.newSeries))
  const start = recordHeaderBytes + batchHeaderBytes
  const buffer = new ArrayBuffer(start + 16 * count + padded(4 * count) + padded(series.length))
  new Uint32Array(buffer, recordHeaderBytes, 2).set([count, series.length])
  new Float64Array(buffer, start, count).set(batch.timesMs)
  new Float64Array(buffer, start + 8 * count, count).set(batch.values)
  new Uint32Array(buffer, start + 16 * count, count).set(batch.seriesIds)
  new Uint8Array(buffer, start + 16 * count + padded(4 * count)).set(series)
  return buffer
}

export interface RecordedBatch extends SampleColumns {
  readonly newSeries: readonly Series[]
}

/** Views on a packed batch that starts at `offset`; nothing is copied but the series. */
export const openBatch = (buffer: ArrayBuffer, offset = 0): RecordedBatch => {
  const [count, seriesBytes] = new Uint32Array(buffer, offset + recordHeaderBytes, 2) as unknown as [
    number,
    number,
  ]
  const start = offset + recordHeaderBytes + batchHeaderBytes
  const seriesAt = start + 16 * count + padded(4 * count)
  return {
    timesMs: new Float64Array(buffer, start, count),
    values: new Float64Array(buffer, start + 8 * count, count),
    seriesIds: new Uint32Array(buffer, start + 16 * count, count),
    newSeries:
      seriesBytes === 0
        ? []
        : JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, seriesAt, seriesBytes))),
  }
}

/** Fills in the header: from here on the bytes can be told whole from damaged. */
export const sealRecord = (buffer: ArrayBuffer, recordNumber: number): Uint8Array => {
  const header = new Uint32Array(buffer, 0, 4)
  header[0] = buffer.byteLength - recordHeaderBytes
  header[2] = recordNumber
  header[3] = batchType
  header[1] = crc32(new Uint8Array(buffer, 8))
  return new Uint8Array(buffer)
}

/** Bytes of the record at `offset`, or null when what is there is not record `recordNumber` (any, when absent), whole. */
export const wholeRecordBytes = (
  buffer: ArrayBuffer,
  offset: number,
  recordNumber?: number,
): number | null => {
  const room = buffer.byteLength - offset - recordHeaderBytes
  if (room < batchHeaderBytes) return null
  const [length, checksum, number, type] = new Uint32Array(buffer, offset, 4) as unknown as number[]
  if (length === undefined || length > room || length % 8 !== 0 || length < batchHeaderBytes) return null
  if (type !== batchType || (recordNumber !== undefined && number !== recordNumber)) return null
  if (crc32(new Uint8Array(buffer, offset + 8, recordHeaderBytes - 8 + length)) !== checksum) return null
  return recordHeaderBytes + length
}

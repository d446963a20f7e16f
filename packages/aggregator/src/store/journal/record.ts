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
 * A record of type 2 ends with late samples: before its columns stands u32 late samples, u32 0. They share the
 * record with the others so that a request is kept whole or not at all.
 *
 * Columns are padded to 8 bytes so that they can be read where they lie. Byte order is the machine's own: a
 * journal lives for minutes, on the machine that wrote it; the segment's first word tells if it was moved.
 */
export const recordHeaderBytes = 16
const batchHeaderBytes = 8
const batchType = 1
const lateBatchType = 2
const noSamples: SampleColumns = {
  seriesIds: new Uint32Array(0),
  timesMs: new Float64Array(0),
  values: new Float64Array(0),
}

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8

export const packBatch = (batch: SampleBatch): ArrayBuffer => {
  const late = batch.late ?? noSamples
  const inOrderCount = lengthOf(batch)
  const lateCount = lengthOf(late)
  const count = inOrderCount + lateCount
  const series =
    batch.newSeries.length === 0
      ? new Uint8Array(0)
      : new TextEncoder().encode(JSON.stringify(batch.newSeries))
  const type = lateCount === 0 ? batchType : lateBatchType
  const start = columnsStart(type)
  const buffer = new ArrayBuffer(start + 16 * count + padded(4 * count) + padded(series.length))
  new Uint32Array(buffer, 0, 4)[3] = type
  new Uint32Array(buffer, recordHeaderBytes, 2).set([count, series.length])
  if (type === lateBatchType) new Uint32Array(buffer, recordHeaderBytes + batchHeaderBytes, 1)[0] = lateCount
  const timesMs = new Float64Array(buffer, start, count)
  const values = new Float64Array(buffer, start + 8 * count, count)
  const seriesIds = new Uint32Array(buffer, start + 16 * count, count)
  timesMs.set(batch.timesMs)
  timesMs.set(late.timesMs, inOrderCount)
  values.set(batch.values)
  values.set(late.values, inOrderCount)
  seriesIds.set(batch.seriesIds)
  seriesIds.set(late.seriesIds, inOrderCount)
  new Uint8Array(buffer, start + 16 * count + padded(4 * count)).set(series)
  return buffer
}

const columnsStart = (type: number): number =>
  recordHeaderBytes + batchHeaderBytes + (type === lateBatchType ? 8 : 0)

const lengthOf = ({ seriesIds, timesMs, values }: SampleColumns): number => {
  if (timesMs.length === seriesIds.length && values.length === seriesIds.length) return seriesIds.length
  throw new RangeError(
    `columns differ: ${seriesIds.length} ids, ${timesMs.length} times, ${values.length} values`,
  )
}

export interface RecordedBatch extends SampleColumns {
  readonly newSeries: readonly Series[]
  readonly late: SampleColumns
}

/** Views on a packed batch that starts at `offset`; nothing is copied but the series. */
export const openBatch = (buffer: ArrayBuffer, offset = 0): RecordedBatch => {
  const [type, count, seriesBytes] = new Uint32Array(buffer, offset + 12, 3) as unknown as [
    number,
    number,
    number,
  ]
  const start = offset + columnsStart(type)
  const lateCount = type === lateBatchType ? new Uint32Array(buffer, start - 8, 1)[0]! : 0
  const seriesAt = start + 16 * count + padded(4 * count)
  const timesMs = new Float64Array(buffer, start, count)
  const values = new Float64Array(buffer, start + 8 * count, count)
  const seriesIds = new Uint32Array(buffer, start + 16 * count, count)
  const newSeries =
    seriesBytes === 0
      ? []
      : JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, seriesAt, seriesBytes)))
  if (lateCount === 0) return { timesMs, values, seriesIds, newSeries, late: noSamples }
  const end = count - lateCount
  return {
    timesMs: timesMs.subarray(0, end),
    values: values.subarray(0, end),
    seriesIds: seriesIds.subarray(0, end),
    newSeries,
    late: {
      timesMs: timesMs.subarray(end),
      values: values.subarray(end),
      seriesIds: seriesIds.subarray(end),
    },
  }
}

/** Fills in the header: from here on the bytes can be told whole from damaged. */
export const sealRecord = (buffer: ArrayBuffer, recordNumber: number): Uint8Array => {
  const header = new Uint32Array(buffer, 0, 4)
  header[0] = buffer.byteLength - recordHeaderBytes
  header[2] = recordNumber
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
  if (type !== batchType && type !== lateBatchType) return null
  if (recordNumber !== undefined && number !== recordNumber) return null
  if (crc32(new Uint8Array(buffer, offset + 8, recordHeaderBytes - 8 + length)) !== checksum) return null
  return recordHeaderBytes + length
}

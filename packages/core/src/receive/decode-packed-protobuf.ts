import { decodeLimits } from './decode-limits.ts'
import { type ProtobufCursor, readDouble, readFixed64, readUint64 } from './decode-protobuf-wire.ts'
import { MalformedBody } from './metric-sink.ts'

// Repeated numbers come packed, unpacked, or in several packs: a reader must take all three.

export function readPackedFixed64(cursor: ProtobufCursor, end: number, into: number[]): void {
  refuseLongPack(cursor, end, into)
  while (cursor.offset < end) into.push(readFixed64(cursor, end))
}

export function readPackedDoubles(cursor: ProtobufCursor, end: number, into: number[]): void {
  refuseLongPack(cursor, end, into)
  while (cursor.offset < end) into.push(readDouble(cursor, end))
}

function refuseLongPack(cursor: ProtobufCursor, end: number, into: readonly number[]): void {
  if (into.length + (end - cursor.offset) / 8 > decodeLimits.buckets) throw tooLong(cursor)
}

export function readPackedVarints(cursor: ProtobufCursor, end: number, into: number[]): void {
  while (cursor.offset < end) push(into, readUint64(cursor, end), cursor)
}

/** One number or message of an unpacked list. */
export function push<Item>(list: Item[], item: Item, cursor: ProtobufCursor): void {
  if (list.length === decodeLimits.buckets) throw tooLong(cursor)
  list.push(item)
}

const tooLong = (cursor: ProtobufCursor): MalformedBody =>
  new MalformedBody(`A data point has more than ${decodeLimits.buckets} buckets or quantiles.`, cursor.offset)

import { MalformedBody } from './metric-sink.ts'

/**
 * A place in a protobuf message. Readers move `offset` forward and throw {@link MalformedBody} rather than
 * step over `end`. `low` and `high` are the halves of the last 64-bit number read: passing them through
 * the cursor keeps numbers beyond 2^53 out of BigInt, which would cost an allocation each.
 */
export interface ProtobufCursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  offset: number
  low: number
  high: number
}

/** The last three bits of a tag. 3 and 4, groups, were never part of proto3. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

export const openProtobuf = (bytes: Uint8Array): ProtobufCursor => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
  low: 0,
  high: 0,
})

/** Field number × 8 + wire type. */
export function readTag(cursor: ProtobufCursor, end: number): number {
  const first = cursor.bytes[cursor.offset]!
  if (first >= 8 && first < 0x80) {
    cursor.offset += 1
    return first
  }
  const start = cursor.offset
  readVarint(cursor, end)
  if (cursor.high !== 0) throw new MalformedBody('A field tag is longer than 32 bits.', start)
  if (cursor.low >>> 3 === 0) throw new MalformedBody('A field has the number 0.', start)
  return cursor.low >>> 0
}

/** Reads the length of a string, message or packed list, and returns where it ends. */
export function readEnd(cursor: ProtobufCursor, end: number): number {
  const start = cursor.offset
  // One byte or two in nearly all cases.
  let length = start < end ? cursor.bytes[start]! : 0x80
  const second = start + 1 < end ? cursor.bytes[start + 1]! : 0x80
  if (length < 0x80) cursor.offset = start + 1
  else if (second < 0x80) {
    cursor.offset = start + 2
    length = (length & 0x7f) | (second << 7)
  } else {
    readVarint(cursor, end)
    length = cursor.high === 0 ? cursor.low >>> 0 : Number.POSITIVE_INFINITY
  }
  if (length > end - cursor.offset) {
    throw new MalformedBody('A field is longer than the message that holds it.', start)
  }
  return cursor.offset + length
}

/** Reads a varint of at most ten bytes into `low` and `high`. */
function readVarint(cursor: ProtobufCursor, end: number): void {
  const { bytes } = cursor
  const start = cursor.offset
  let low = 0
  let high = 0
  for (let index = 0; index < 10; index++) {
    if (start + index >= end) throw new MalformedBody('A number is cut off.', start)
    const byte = bytes[start + index]!
    const seven = byte & 0x7f
    if (index < 4) low |= seven << (7 * index)
    else if (index === 4) {
      low |= seven << 28
      high = seven >>> 4
    } else high |= seven << (7 * index - 32)
    if (byte < 0x80) {
      if (index === 9 && byte > 1) break
      cursor.offset = start + index + 1
      cursor.low = low
      cursor.high = high
      return
    }
  }
  throw new MalformedBody('A number is longer than 64 bits.', start)
}

/** uint64 as the nearest double: `high * 2^32` is exact, so the sum rounds once. */
export function readUint64(cursor: ProtobufCursor, end: number): number {
  readVarint(cursor, end)
  return (cursor.high >>> 0) * 4294967296 + (cursor.low >>> 0)
}

/** int64 as the nearest double. Negative numbers are ten bytes of two's complement. */
export function readInt64(cursor: ProtobufCursor, end: number): number {
  readVarint(cursor, end)
  return (cursor.high | 0) * 4294967296 + (cursor.low >>> 0)
}

/** uint32, bool and enum: like every protobuf parser, keeps the lower half of what is too long. */
export function readUint32(cursor: ProtobufCursor, end: number): number {
  readVarint(cursor, end)
  return cursor.low >>> 0
}

export function readBool(cursor: ProtobufCursor, end: number): boolean {
  readVarint(cursor, end)
  return cursor.low !== 0 || cursor.high !== 0
}

/** sint32: zigzag. */
export function readSint32(cursor: ProtobufCursor, end: number): number {
  readVarint(cursor, end)
  return (cursor.low >>> 1) ^ -(cursor.low & 1)
}

function takeEight(cursor: ProtobufCursor, end: number): number {
  const start = cursor.offset
  if (end - start < 8) throw new MalformedBody('A 64-bit number is cut off.', start)
  cursor.offset = start + 8
  return start
}

export function readDouble(cursor: ProtobufCursor, end: number): number {
  return cursor.view.getFloat64(takeEight(cursor, end), true)
}

/** fixed64 as the nearest double. */
export function readFixed64(cursor: ProtobufCursor, end: number): number {
  const start = takeEight(cursor, end)
  return cursor.view.getUint32(start + 4, true) * 4294967296 + cursor.view.getUint32(start, true)
}

/** sfixed64 as the nearest double. */
export function readSfixed64(cursor: ProtobufCursor, end: number): number {
  const start = takeEight(cursor, end)
  return cursor.view.getInt32(start + 4, true) * 4294967296 + cursor.view.getUint32(start, true)
}

/**
 * fixed64 nanoseconds as the nearest milliseconds. 2^32 ns = 4294 ms + 967296 ns, and every product below
 * stays under 2^53: only the division and the last sum round. Going through a double of nanoseconds would
 * round to 256 ns first.
 */
export function readNanosAsMs(cursor: ProtobufCursor, end: number): number {
  const start = takeEight(cursor, end)
  const high = cursor.view.getUint32(start + 4, true)
  return high * 4294 + (high * 967296 + cursor.view.getUint32(start, true)) / 1e6
}

/**
 * Skips a field that the reader does not know. `knownFields` has a bit for each field number it does know:
 * one of those here means that it came in a wire type it cannot have.
 */
export function skipField(cursor: ProtobufCursor, end: number, tag: number, knownFields: number): void {
  const field = tag >>> 3
  if (field < 32 && ((knownFields >>> field) & 1) === 1) {
    throw new MalformedBody(`Field ${field} has wire type ${tag & 7}, which it cannot have.`, cursor.offset)
  }
  switch (tag & 7) {
    case wireType.varint:
      readVarint(cursor, end)
      return
    case wireType.fixed64:
      takeEight(cursor, end)
      return
    case wireType.bytes:
      cursor.offset = readEnd(cursor, end)
      return
    case wireType.fixed32:
      if (end - cursor.offset < 4) throw new MalformedBody('A 32-bit number is cut off.', cursor.offset)
      cursor.offset += 4
      return
    default:
      throw new MalformedBody(
        `Field ${field} has wire type ${tag & 7}, which OTLP never uses.`,
        cursor.offset,
      )
  }
}

/** The bits that {@link skipField} wants, from field numbers below 32. */
export const fieldSet = (...fields: readonly number[]): number =>
  fields.reduce((set, field) => set | (1 << field), 0)

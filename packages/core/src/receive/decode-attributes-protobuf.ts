import type { AttributeValue } from '@perfmon/protocol'
import { attributeJson } from './decode-attribute-json.ts'
import { recallAttributes, rememberAttributes } from './decode-attribute-memo.ts'
import { bytesAsBase64 } from './decode-base64.ts'
import { decodeLimits } from './decode-limits.ts'
import {
  fieldSet,
  type ProtobufCursor,
  readBool,
  readDouble,
  readEnd,
  readInt64,
  readTag,
  skipField,
} from './decode-protobuf-wire.ts'
import { decodeRepeatedUtf8, decodeUtf8 } from './decode-utf8.ts'
import { type AttributeList, MalformedBody } from './metric-sink.ts'

type Attribute = readonly [key: string, value: AttributeValue]

export const noAttributes: AttributeList = []

/** The list that the last scattered message grows; it is not shared, so more of it may be pushed. */
let growing: Attribute[] | undefined

/**
 * Reads the run of KeyValue fields whose first `tag` has just been read, and all that follow with it. Senders write a point's attributes in one run, and the same run again in the next request: equal
 * bytes give the very same list, undecoded, so a caller may use its identity as a fast path. `before` is
 * what earlier runs of the same message gave: empty, unless a sender scatters its fields.
 */
export function readAttributeRun(
  cursor: ProtobufCursor,
  end: number,
  tag: number,
  before: AttributeList,
): AttributeList {
  const { bytes } = cursor
  const start = cursor.offset - 1
  let runEnd = readEnd(cursor, end)
  while (runEnd < end && bytes[runEnd] === tag) {
    cursor.offset = runEnd + 1
    runEnd = readEnd(cursor, end)
  }
  if (before.length === 0) {
    const known = recallAttributes(cursor, start, runEnd)
    if (known !== undefined) {
      cursor.offset = runEnd
      return known
    }
  }
  let list: Attribute[] = []
  // `before` may be a remembered list that others hold: copy it once, then grow the copy in place.
  if (before.length > 0) list = before === growing ? growing : [...before]
  cursor.offset = start + 1
  for (;;) {
    const attributeEnd = readEnd(cursor, runEnd)
    list.push(readKeyValue(cursor, attributeEnd))
    if (attributeEnd === runEnd) break
    cursor.offset = attributeEnd + 1
  }
  if (list.length > decodeLimits.attributes) {
    throw new MalformedBody(`A list has more than ${decodeLimits.attributes} attributes.`, start)
  }
  if (before.length > 0) growing = list
  else rememberAttributes(cursor, start, runEnd, list)
  return list
}

const keyValueFields = fieldSet(1, 2)

export function readKeyValue(cursor: ProtobufCursor, end: number): Attribute {
  let key = ''
  let value: AttributeValue = ''
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) key = readRepeatedText(cursor, end)
    else if (tag === 0x12) value = readAnyValue(cursor, readEnd(cursor, end))
    else skipField(cursor, end, tag, keyValueFields)
  }
  return [key, value]
}

export function readRepeatedText(cursor: ProtobufCursor, end: number): string {
  const textEnd = readEnd(cursor, end)
  const text = decodeRepeatedUtf8(cursor.bytes, cursor.offset, textEnd)
  cursor.offset = textEnd
  return text
}

const anyValueFields = fieldSet(1, 2, 3, 4, 5, 6, 7)

/** The last field counts: the value is a oneof. An empty one is the empty string. */
export function readAnyValue(cursor: ProtobufCursor, end: number): AttributeValue {
  let value: AttributeValue = ''
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) value = readRepeatedText(cursor, end)
    else if (tag === 0x10) value = readBool(cursor, end)
    else if (tag === 0x18) value = readInt64(cursor, end)
    else if (tag === 0x21) value = readDouble(cursor, end)
    else if (tag === 0x2a) value = readNestedArray(cursor, readEnd(cursor, end), 1)
    else if (tag === 0x32) value = readNestedList(cursor, readEnd(cursor, end), 1)
    else if (tag === 0x3a) value = readBase64(cursor, end)
    else skipField(cursor, end, tag, anyValueFields)
  }
  return value
}

function readNestedValue(cursor: ProtobufCursor, end: number, depth: number): string {
  let json: string = attributeJson.empty
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) json = attributeJson.text(readText(cursor, end))
    else if (tag === 0x10) json = attributeJson.boolean(readBool(cursor, end))
    else if (tag === 0x18) json = attributeJson.number(readInt64(cursor, end))
    else if (tag === 0x21) json = attributeJson.number(readDouble(cursor, end))
    else if (tag === 0x2a) json = readNestedArray(cursor, readEnd(cursor, end), depth)
    else if (tag === 0x32) json = readNestedList(cursor, readEnd(cursor, end), depth)
    else if (tag === 0x3a) json = attributeJson.text(readBase64(cursor, end))
    else skipField(cursor, end, tag, anyValueFields)
  }
  return json
}

const repeatedField = fieldSet(1)

function readNestedArray(cursor: ProtobufCursor, end: number, depth: number): string {
  refuseDeeperThan(decodeLimits.nesting, depth, cursor)
  const items: string[] = []
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) items.push(readNestedValue(cursor, readEnd(cursor, end), depth + 1))
    else skipField(cursor, end, tag, repeatedField)
  }
  return attributeJson.array(items)
}

function readNestedList(cursor: ProtobufCursor, end: number, depth: number): string {
  refuseDeeperThan(decodeLimits.nesting, depth, cursor)
  const entries: string[] = []
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) entries.push(readNestedEntry(cursor, readEnd(cursor, end), depth + 1))
    else skipField(cursor, end, tag, repeatedField)
  }
  return attributeJson.object(entries)
}

function readNestedEntry(cursor: ProtobufCursor, end: number, depth: number): string {
  let key = ''
  let json: string = attributeJson.empty
  while (cursor.offset < end) {
    const tag = readTag(cursor, end)
    if (tag === 0x0a) key = readText(cursor, end)
    else if (tag === 0x12) json = readNestedValue(cursor, readEnd(cursor, end), depth)
    else skipField(cursor, end, tag, keyValueFields)
  }
  return attributeJson.entry(key, json)
}

function refuseDeeperThan(limit: number, depth: number, cursor: ProtobufCursor): void {
  if (depth > limit) {
    throw new MalformedBody(`An attribute value is nested more than ${limit} deep.`, cursor.offset)
  }
}

function readText(cursor: ProtobufCursor, end: number): string {
  const textEnd = readEnd(cursor, end)
  const text = decodeUtf8(cursor.bytes, cursor.offset, textEnd)
  cursor.offset = textEnd
  return text
}

function readBase64(cursor: ProtobufCursor, end: number): string {
  const bytesEnd = readEnd(cursor, end)
  const text = bytesAsBase64(cursor.bytes, cursor.offset, bytesEnd)
  cursor.offset = bytesEnd
  return text
}

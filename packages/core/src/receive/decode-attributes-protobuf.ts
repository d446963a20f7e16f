import type { AttributeValue } from '@perfmon/protocol'
import { recallAttributes, rememberAttributes } from './decode-attribute-memo.ts'
import { type ProtobufCursor, readEnd } from './decode-protobuf-wire.ts'
import type { AttributeList } from './metric-sink.ts'

type Attribute = readonly [key: string, value: AttributeValue]

export const noAttributes: AttributeList = []

/**
 * Reads the run of KeyValue fields that starts with a tag just read at `tagStart`, and all that follow
 * with the same tag. Senders write a point's attributes in one run, and the same run again in the next
 * request: equal bytes give the very same list, undecoded. `before` is what earlier runs of the same
 * message gave; it is empty but for senders that scatter their fields.
 */
export function readAttributeRun(
  cursor: ProtobufCursor,
  end: number,
  tagStart: number,
  before: AttributeList,
): AttributeList {
  const { bytes } = cursor
  const tag = bytes[tagStart]!
  let runEnd = readEnd(cursor, end)
  while (runEnd < end && bytes[runEnd] === tag) {
    cursor.offset = runEnd + 1
    runEnd = readEnd(cursor, end)
    cursor.offset = runEnd
  }
  if (before.length > 0) {
    // Grows in place what an earlier run of this message may not share: see the copy below.
    const grown = scattered.has(before) ? (before as Attribute[]) : [...before]
    scattered.add(grown)
    decodeRun(cursor, tagStart, runEnd, grown)
    return grown
  }
  cursor.offset = runEnd
  const known = recallAttributes(cursor, tagStart, runEnd)
  if (known !== undefined) return known
  const list: Attribute[] = []
  decodeRun(cursor, tagStart, runEnd, list)
  rememberAttributes(cursor, tagStart, runEnd, list)
  return list
}

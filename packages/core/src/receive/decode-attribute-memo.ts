import type { ProtobufCursor } from './decode-protobuf-wire.ts'
import type { AttributeList } from './metric-sink.ts'

/**
 * Attribute lists by the bytes that encode them. An agent sends the same few lists in every request, so
 * hashing and comparing 80 bytes replaces building some ten strings and tuples per point. What is
 * remembered shows in nothing but speed; the core stays pure to its callers.
 *
 * Bounds: a fixed number of slots (a new list may displace one, never chain behind it, so chosen hash
 * collisions cost only the memory of them) and one budget; when it is spent everything is forgotten.
 */
const slotCount = 131_072
const arenaBytes = 16 * 1024 * 1024
const budgetBytes = 48 * 1024 * 1024
const longestRunBytes = 2048
/** What a tuple and its place in the list take on V8's heap, its strings being shared or counted in the run. */
const bytesPerAttribute = 64

interface Memo {
  readonly arena: Uint8Array
  readonly view: DataView
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly lists: (AttributeList | undefined)[]
  /** Which slot came after which: senders repeat the order too, and a right guess saves the hash. */
  readonly followers: Int32Array
  lastSlot: number
  usedArena: number
  spent: number
}

let memo: Memo | undefined

function emptyMemo(): Memo {
  // Untouched pages of these cost nothing until they are used.
  const arena = new Uint8Array(arenaBytes)
  return {
    arena,
    view: new DataView(arena.buffer),
    starts: new Int32Array(slotCount),
    lengths: new Int32Array(slotCount),
    lists: [],
    followers: new Int32Array(slotCount),
    lastSlot: 0,
    usedArena: 0,
    spent: 0,
  }
}

export function recallAttributes(
  cursor: ProtobufCursor,
  start: number,
  end: number,
): AttributeList | undefined {
  if (memo === undefined) return undefined
  const guess = memo.followers[memo.lastSlot]!
  if (holds(memo, guess, cursor, start, end)) {
    memo.lastSlot = guess
    return memo.lists[guess]
  }
  let slot = slotOf(cursor, start, end)
  if (!holds(memo, slot, cursor, start, end)) slot ^= 1
  if (!holds(memo, slot, cursor, start, end)) return undefined
  follow(memo, slot)
  return memo.lists[slot]
}

function follow(known: Memo, slot: number): void {
  known.followers[known.lastSlot] = slot
  known.lastSlot = slot
}

export function rememberAttributes(
  cursor: ProtobufCursor,
  start: number,
  end: number,
  list: AttributeList,
): void {
  const length = end - start
  if (length > longestRunBytes) return
  const cost = length + list.length * bytesPerAttribute
  memo ??= emptyMemo()
  if (memo.spent + cost > budgetBytes || memo.usedArena + length > arenaBytes) forgetAll(memo)
  const first = slotOf(cursor, start, end)
  const slot = memo.lists[first] === undefined ? first : first ^ 1
  memo.arena.set(cursor.bytes.subarray(start, end), memo.usedArena)
  memo.starts[slot] = memo.usedArena
  memo.lengths[slot] = length
  memo.lists[slot] = list
  memo.usedArena += length
  memo.spent += cost
  follow(memo, slot)
}

function forgetAll(full: Memo): void {
  full.lists.length = 0
  full.lengths.fill(0)
  full.usedArena = 0
  full.spent = 0
}

function slotOf({ view, bytes }: ProtobufCursor, start: number, end: number): number {
  let hash = end - start
  let offset = start
  for (; offset + 4 <= end; offset += 4) {
    hash = Math.imul(hash ^ view.getInt32(offset, true), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; offset < end; offset++) hash = Math.imul(hash ^ bytes[offset]!, 0x01000193)
  return (hash ^ (hash >>> 16)) & (slotCount - 1)
}

function holds(known: Memo, slot: number, cursor: ProtobufCursor, start: number, end: number): boolean {
  const length = end - start
  if (known.lengths[slot] !== length) return false
  const at = known.starts[slot]!
  const { view, bytes } = cursor
  const arena = known.view
  let index = 0
  // Sixteen bytes a step: nearly all of the time of decoding goes by here.
  for (; index + 16 <= length; index += 16) {
    const difference =
      (arena.getInt32(at + index, true) ^ view.getInt32(start + index, true)) |
      (arena.getInt32(at + index + 4, true) ^ view.getInt32(start + index + 4, true)) |
      (arena.getInt32(at + index + 8, true) ^ view.getInt32(start + index + 8, true)) |
      (arena.getInt32(at + index + 12, true) ^ view.getInt32(start + index + 12, true))
    if (difference !== 0) return false
  }
  for (; index + 4 <= length; index += 4) {
    if (arena.getInt32(at + index, true) !== view.getInt32(start + index, true)) return false
  }
  for (; index < length; index++) if (known.arena[at + index] !== bytes[start + index]) return false
  return true
}

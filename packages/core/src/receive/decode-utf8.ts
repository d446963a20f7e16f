/**
 * UTF-8 to string without TextDecoder, which is not part of the language. What is not UTF-8 becomes
 * U+FFFD, one for each maximal part of a sequence, as the WHATWG decoder does: a strange character in one
 * attribute is no reason to lose a whole request.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let offset = start
  while (offset < end) {
    const units: number[] = []
    const chunkEnd = Math.min(end, offset + 4096)
    while (offset < chunkEnd) offset = decodeOne(bytes, offset, end, units)
    text += String.fromCharCode.apply(null, units)
  }
  return text
}

/** Appends the UTF-16 units of the character at `offset` and returns where the next one starts. */
function decodeOne(bytes: Uint8Array, offset: number, end: number, units: number[]): number {
  const lead = bytes[offset]!
  if (lead < 0x80) {
    units.push(lead)
    return offset + 1
  }
  const following =
    lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0
  let point = following === 1 ? lead & 0x1f : following === 2 ? lead & 0x0f : lead & 0x07
  let next = offset + 1
  for (let index = 0; index < following; index++, next++) {
    const byte = next < end ? bytes[next]! : 0
    if (byte < lowest(lead, index) || byte > highest(lead, index)) {
      units.push(0xfffd)
      return next
    }
    point = (point << 6) | (byte & 0x3f)
  }
  if (following === 0) units.push(0xfffd)
  else if (point < 0x10000) units.push(point)
  else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff))
  return next
}

/** The second byte is narrower after four leads: no overlong forms, no surrogates, nothing above U+10FFFF. */
const lowest = (lead: number, index: number): number =>
  index > 0 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
const highest = (lead: number, index: number): number =>
  index > 0 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf

const slotCount = 8192
const longestKept = 96

/** At most 8192 strings of 96 ASCII characters: under 1 MB, whatever is sent. */
const kept: (string | undefined)[] = []

/**
 * The same string as {@link decodeUtf8}, remembered when it is short: names, keys and values come again in
 * every request, and comparing is faster than building. What is remembered shows in nothing but speed.
 */
export function decodeRepeatedUtf8(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > longestKept) return decodeUtf8(bytes, start, end)
  let hash = length
  for (let offset = start; offset < end; offset++) hash = Math.imul(hash ^ bytes[offset]!, 0x01000193)
  const slot = (hash ^ (hash >>> 15)) & (slotCount - 1)
  const known = kept[slot]
  if (known !== undefined && known.length === length && equals(known, bytes, start)) return known
  const text = decodeUtf8(bytes, start, end)
  // Only ASCII has one character per byte, which is what the comparison rests on.
  if (equals(text, bytes, start) && text.length === length) kept[slot] = text
  return text
}

function equals(text: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const byte = bytes[start + index]!
    if (byte >= 0x80 || text.charCodeAt(index) !== byte) return false
  }
  return true
}

/** The UTF-8 bytes of a well-formed string, without TextEncoder, which is not part of the language. */
export function encodeUtf8(text: string): number[] {
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0)!
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), continuation(point))
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point))
    else {
      const [first, second, third] = [point >> 18, point >> 12, point >> 6]
      bytes.push(0xf0 | first, continuation(second), continuation(third), continuation(point))
    }
  }
  return bytes
}

const continuation = (bits: number): number => 0x80 | (bits & 0x3f)

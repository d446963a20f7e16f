const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bytes as base64 with padding: how OTLP's JSON writes them, and how attribute values show them. */
export function bytesAsBase64(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let offset = start; offset < end; offset += 3) {
    const left = end - offset
    const second = left > 1 ? bytes[offset + 1]! : 0
    const third = left > 2 ? bytes[offset + 2]! : 0
    const word = (bytes[offset]! << 16) | (second << 8) | third
    text += alphabet[word >>> 18]! + alphabet[(word >>> 12) & 63]!
    text += left > 1 ? alphabet[(word >>> 6) & 63]! : '='
    text += left > 2 ? alphabet[word & 63]! : '='
  }
  return text
}

/** Brings URL-safe and unpadded base64, which proto3's JSON also allows, to the one form; undefined when it is none. */
export function canonicalBase64(text: string): string | undefined {
  const match = /^([A-Za-z0-9+/_-]*)={0,2}$/.exec(text)
  const digits = match?.[1]
  if (digits === undefined || digits.length % 4 === 1) return undefined
  return digits
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .padEnd(Math.ceil(digits.length / 4) * 4, '=')
}

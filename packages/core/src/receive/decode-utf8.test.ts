import { describe, expect, it } from 'vitest'
import { bytesAsBase64, canonicalBase64 } from './decode-base64.ts'
import { decodeRepeatedUtf8, decodeUtf8 } from './decode-utf8.ts'
import { encodeUtf8 } from './encode-utf8.ts'

const reference = new TextDecoder('utf-8', { ignoreBOM: true })

describe('UTF-8', () => {
  it('is read as TextDecoder reads it, broken or whole', () => {
    // Leads, continuations and edges, so that random bytes are nearly characters.
    const bytesNearCharacters = [
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef,
      0xf0, 0xf1, 0xf4, 0xf5, 0xff,
    ]
    let state = 7
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: round % 9 }, () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0
        return bytesNearCharacters[(state >>> 8) % bytesNearCharacters.length]!
      })
      expect(decodeUtf8(bytes, 0, bytes.length)).toBe(reference.decode(bytes))
      expect(decodeRepeatedUtf8(bytes, 0, bytes.length)).toBe(reference.decode(bytes))
    }
  })

  it('is read and written over many pieces', () => {
    const text = 'a😀é日'.repeat(5000)
    const bytes = encodeUtf8(text)
    expect(Uint8Array.from(bytes)).toEqual(new TextEncoder().encode(text))
    expect(decodeUtf8(Uint8Array.from(bytes), 0, bytes.length)).toBe(text)
  })
})

describe('base64', () => {
  it.each([[[]], [[1]], [[1, 2]], [[1, 2, 3]], [[251, 255, 190, 7]]])('writes %j', (bytes) => {
    const within = Uint8Array.from([9, ...bytes, 255, 255])
    expect(bytesAsBase64(within, 1, 1 + bytes.length)).toBe(Buffer.from(bytes).toString('base64'))
  })

  it.each([
    ['-_8', '+/8='],
    ['+/8=', '+/8='],
    ['', ''],
    ['a', undefined],
    ['a b=', undefined],
    ['äöü', undefined],
  ])('brings %j to %j', (text, wanted) => {
    expect(canonicalBase64(text)).toBe(wanted)
  })
})

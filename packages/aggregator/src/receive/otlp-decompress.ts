import type { Duplex } from 'node:stream'
import * as zlib from 'node:zlib'
import type { ByteLease } from './otlp-byte-budget.ts'
import { refusals } from './otlp-refusal.ts'

type Coding = 'gzip' | 'deflate' | 'zstd'

/** 8 MiB: what RFC 9659 allows a sender of zstd to use. The default would let a frame ask for 128 MiB. */
const zstdOptions = { params: { [zlib.constants.ZSTD_d_windowLogMax ?? 0]: 23 } }

interface Codec {
  decodeNow(bytes: Buffer, maxOutputLength: number): Buffer
  stream(): Duplex
}

const codecs: Readonly<Partial<Record<Coding, Codec>>> = {
  gzip: {
    decodeNow: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
    stream: () => zlib.createGunzip(),
  },
  deflate: {
    decodeNow: (bytes, maxOutputLength) => zlib.inflateSync(bytes, { maxOutputLength }),
    stream: () => zlib.createInflate(),
  },
  // Node has it since 22.15; other runtimes that claim to be Node may not.
  ...(typeof zlib.zstdDecompressSync === 'function' && {
    zstd: {
      decodeNow: (bytes: Buffer, maxOutputLength: number) =>
        zlib.zstdDecompressSync(bytes, { ...zstdOptions, maxOutputLength }),
      stream: () => zlib.createZstdDecompress(zstdOptions),
    },
  }),
}

/**
 * Below this, decompressing in one synchronous call takes two thirds of the CPU that a stream takes, and a
 * millisecond or less for honest data. Above it the thread pool works and others are served meanwhile.
 */
const largestAtOnce = 64 * 1024

/** The codec of a Content-Encoding header, or undefined for none. Throws 415 for what is not known. */
export function codecOf(contentEncoding: string | undefined): Codec | undefined {
  const coding = (contentEncoding ?? 'identity').trim().toLowerCase()
  if (coding === 'identity' || coding === '') return undefined
  const codec = codecs[(coding === 'x-gzip' ? 'gzip' : coding) as Coding]
  if (codec === undefined || !Object.hasOwn(codecs, coding === 'x-gzip' ? 'gzip' : coding)) {
    throw refusals.wrongType(`Bodies are taken as ${Object.keys(codecs).join(', ')} or uncompressed.`)
  }
  return codec
}

/**
 * Decompresses within `maxBodyBytes` and within what `lease` can still take; a bomb costs no more memory
 * than that. The compressed bytes are given back to the lease when this resolves.
 */
export async function decompress(
  compressed: Buffer,
  codec: Codec,
  { maxBodyBytes, lease, left }: { maxBodyBytes: number; lease: ByteLease; left: () => number },
): Promise<Buffer> {
  // An empty body with a Content-Encoding is how some senders write an empty message.
  if (compressed.length === 0) return compressed
  const bytes =
    compressed.length <= largestAtOnce
      ? decodeAtOnce(compressed, codec, maxBodyBytes, left())
      : await decodeInParts(compressed, codec, maxBodyBytes, lease)
  if (compressed.length <= largestAtOnce && !lease.take(bytes.length)) throw refusals.overloaded(1)
  lease.giveBack(compressed.length)
  return bytes
}

function decodeAtOnce(compressed: Buffer, codec: Codec, maxBodyBytes: number, left: number): Buffer {
  try {
    return codec.decodeNow(compressed, Math.max(1, Math.min(maxBodyBytes, left)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw corrupt()
    throw left < maxBodyBytes ? refusals.overloaded(1) : refusals.tooLarge(maxBodyBytes)
  }
}

async function decodeInParts(
  compressed: Buffer,
  codec: Codec,
  maxBodyBytes: number,
  lease: ByteLease,
): Promise<Buffer> {
  const stream = codec.stream()
  const chunks: Buffer[] = []
  let bytes = 0
  stream.end(compressed)
  try {
    // Leaving the loop early destroys the stream, which is what is wanted here.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) throw refusals.tooLarge(maxBodyBytes)
      if (!lease.take(chunk.length)) throw refusals.overloaded(1)
      chunks.push(chunk)
    }
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') throw corrupt()
    throw error
  }
  return Buffer.concat(chunks)
}

const corrupt = () => refusals.badBody('The compressed body is damaged or cut off.')

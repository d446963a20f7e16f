import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { openBatch, type RecordedBatch, wholeRecordBytes } from './record.ts'
import { segmentHeader, segmentHeaderBytes, segmentPath } from './segment-files.ts'

/**
 * `torn`: the bytes after the last whole record hold no other one, as when the machine stopped in the middle of
 * a write; nobody was told that they are safe. `damaged`: whole records follow, or the header is wrong:
 * something else wrote here or the disk lost something.
 */
export interface SegmentEnd {
  readonly kind: 'whole' | 'torn' | 'damaged'
  readonly offset: number
  readonly bytes: number
}

/** Hands every batch of a segment to `take`, in order, up to the first that is not whole. */
export const readSegment = (
  dir: string,
  number: number,
  take: (batch: RecordedBatch) => void,
): SegmentEnd => {
  const buffer = readAligned(segmentPath(dir, number))
  const bytes = buffer.byteLength
  if (bytes < segmentHeaderBytes) return { kind: bytes === 0 ? 'whole' : 'torn', offset: 0, bytes }
  const header = new Uint32Array(buffer, 0, segmentHeaderBytes / 4)
  if (segmentHeader(number).some((word, index) => word !== header[index]))
    return { kind: 'damaged', offset: 0, bytes }

  let offset = segmentHeaderBytes
  for (let record = 0; offset < bytes; record += 1) {
    const recordBytes = wholeRecordBytes(buffer, offset, record)
    if (recordBytes === null)
      return { kind: hasRecordAfter(buffer, offset) ? 'damaged' : 'torn', offset, bytes }
    take(openBatch(buffer, offset))
    offset += recordBytes
  }
  return { kind: 'whole', offset, bytes }
}

/** Records start at multiples of 8, and one in 2^32 runs of noise passes for one. */
const hasRecordAfter = (buffer: ArrayBuffer, offset: number): boolean => {
  for (let at = offset + 8; at < buffer.byteLength; at += 8)
    if (wholeRecordBytes(buffer, at) !== null) return true
  return false
}

/** Not readFileSync: its buffers may start anywhere in a shared pool, and columns must lie at multiples of 8. */
const readAligned = (path: string): ArrayBuffer => {
  const fd = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(fd).size)
    let done = 0
    while (done < bytes.length) {
      const read = readSync(fd, bytes, done, bytes.length - done, done)
      if (read === 0) break
      done += read
    }
    return done === bytes.length ? bytes.buffer : bytes.buffer.slice(0, done)
  } finally {
    closeSync(fd)
  }
}

import { closeSync, fdatasyncSync, ftruncateSync, openSync, rmSync, writeSync, writevSync } from 'node:fs'
import { sealRecord } from './record.ts'
import {
  segmentHeader,
  segmentHeaderBytes,
  segmentNumbers,
  segmentPath,
  syncDirectory,
} from './segment-files.ts'

export interface Journal {
  /**
   * Makes all of the records durable, or none: after an error the segment is cut back to what it was. Many
   * records cost one write and one sync, which is what lets many senders share a disk.
   */
  append(records: readonly ArrayBuffer[]): void
  /** Later records go to a new segment, whose number is returned. After an error the old one goes on. */
  rotate(): number
  removeBefore(number: number): void
  /** Bytes of all segments. */
  readonly bytes: number
  close(): void
}

/** Linux takes at most 1024 buffers in one write. */
const buffersPerWrite = 1000

/** Starts a new segment `number` in `dir`; the segments before it are left as they are. */
export const openJournal = ({ dir, number }: { dir: string; number: number }): Journal => {
  let segment = createSegment(dir, number)
  const sealed = new Map<number, number>()
  let suspect = false

  /**
   * After a failed sync the kernel may have dropped the pages it could not write and call the next sync a
   * success ("fsyncgate"), so a segment that failed is never written again. It must be cut first: what was
   * refused may not come back at the next start.
   */
  const leaveSuspect = (): void => {
    ftruncateSync(segment.fd, segment.bytes)
    replaceSegment()
    suspect = false
  }

  const replaceSegment = (): void => {
    const next = createSegment(dir, segment.number + 1)
    sealed.set(segment.number, segment.bytes)
    closeSync(segment.fd)
    segment = next
  }

  return {
    append(records) {
      if (suspect) leaveSuspect()
      const buffers = records.map((record, index) => sealRecord(record, segment.records + index))
      try {
        const end = writeAll(segment.fd, buffers, segment.bytes)
        fdatasyncSync(segment.fd)
        segment.bytes = end
        segment.records += records.length
      } catch (error) {
        suspect = true
        try {
          ftruncateSync(segment.fd, segment.bytes)
        } catch {
          // Tried again before the next append; until then nothing is accepted.
        }
        throw error
      }
    },
    rotate() {
      if (suspect) leaveSuspect()
      else replaceSegment()
      return segment.number
    },
    removeBefore(before) {
      for (const old of segmentNumbers(dir)) {
        if (old >= before) continue
        rmSync(segmentPath(dir, old), { force: true })
        sealed.delete(old)
      }
    },
    get bytes() {
      return [...sealed.values()].reduce((sum, bytes) => sum + bytes, segment.bytes)
    },
    close() {
      closeSync(segment.fd)
    },
  }
}

interface Segment {
  readonly number: number
  readonly fd: number
  bytes: number
  records: number
}

const createSegment = (dir: string, number: number): Segment => {
  const path = segmentPath(dir, number)
  const fd = openSync(path, 'w', 0o600)
  try {
    writeAll(fd, [new Uint8Array(segmentHeader(number).buffer)], 0)
    fdatasyncSync(fd)
    syncDirectory(dir)
  } catch (error) {
    closeSync(fd)
    rmSync(path, { force: true })
    throw error
  }
  return { number, fd, bytes: segmentHeaderBytes, records: 0 }
}

/** A full disk shows first as a short write; what is left is tried again to learn the reason. Returns the end. */
const writeAll = (fd: number, buffers: readonly Uint8Array[], position: number): number => {
  let at = position
  for (let first = 0; first < buffers.length; first += buffersPerWrite) {
    const group = buffers.slice(first, first + buffersPerWrite)
    const bytes = group.reduce((sum, buffer) => sum + buffer.length, 0)
    const written = writevSync(fd, group, at)
    if (written < bytes) writeRest(fd, Buffer.concat(group).subarray(written), at + written)
    at += bytes
  }
  return at
}

const writeRest = (fd: number, rest: Uint8Array, position: number): void => {
  for (let done = 0; done < rest.length; ) {
    const written = writeSync(fd, rest, done, rest.length - done, position + done)
    if (written === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' })
    done += written
  }
}

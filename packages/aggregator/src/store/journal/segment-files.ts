import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const pattern = /^journal-(\d{10})\.log$/

export const segmentPath = (dir: string, number: number): string =>
  join(dir, `journal-${String(number).padStart(10, '0')}.log`)

/** Numbers of the segments in a directory, ascending. */
export const segmentNumbers = (dir: string): number[] =>
  readdirSync(dir)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

/**
 * First bytes of every segment. The magic word reads differently on a machine of the other byte order, and the
 * number tells a segment that was renamed or copied into another's place.
 */
export const segmentHeader = (number: number): Uint32Array => Uint32Array.of(0x6a66_6d70, 1, number, 0)
export const segmentHeaderBytes = 16

/** A new or removed name is durable only once its directory is. Windows cannot open one, and does not need it. */
export const syncDirectory = (dir: string): void => {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

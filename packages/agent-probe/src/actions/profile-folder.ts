import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActionError } from './action-error.ts'

/** Profiles of all agents that share the folder; the oldest go first. */
const mostFiles = 20
const mostBytes = 2 * 1024 ** 3
/** What a disk must have left after a file was written. */
const spareDiskBytes = 256 * 1024 ** 2

const ours = /^(?:cpu|heap)-\d{8}T\d{9}Z-\d+-[0-9a-f]{8}\.(?:cpuprofile|heapprofile|heapsnapshot)$/

export interface ProfileFolder {
  /**
   * Makes room for about `bytes` and lets a new file be filled, whose path it hands over. Nothing that anybody sent is
   * part of the path. Rejects with an ActionError when the folder is not safe to write to, or full.
   */
  fillFile<Value>(
    file: { kind: 'cpu' | 'heap'; extension: string; bytes: number },
    fill: (path: string) => Promise<Value>,
  ): Promise<Value>
}

/** For an own folder: nobody else may be able to put a link there, or to read what is in an agent's memory. */
const makeSafe = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const found = await lstat(path)
  const uid = process.getuid?.()
  const isSafe =
    found.isDirectory() && (uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0))
  if (isSafe) return
  throw new ActionError(
    'action-failed',
    `The folder ${path} is not this user's alone (0700). Remove it, or set PERFMON_PROFILE_DIR to another`,
  )
}

const makeRoom = async (path: string, bytes: number): Promise<void> => {
  const names = (await readdir(path)).filter((name) => ours.test(name))
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(path, name)).catch(() => ({ size: 0, mtimeMs: 0 }))
      return { name, size, mtimeMs }
    }),
  )
  files.sort((one, other) => one.mtimeMs - other.mtimeMs)
  let total = files.reduce((sum, { size }) => sum + size, 0)
  while (files.length > 0 && (files.length >= mostFiles || total + bytes > mostBytes)) {
    const oldest = files.shift()!
    await rm(join(path, oldest.name), { force: true })
    total -= oldest.size
  }
  if (bytes > mostBytes) throw new ActionError('action-failed', `The file would pass ${mostBytes} bytes`)
  const { bavail, bsize } = await statfs(path)
  if (bavail * bsize - bytes < spareDiskBytes) {
    throw new ActionError('action-failed', `The disk of ${path} has no room for about ${bytes} bytes`)
  }
}

/** @param configured `PERFMON_PROFILE_DIR`; without it a folder of this user in the system's temporary one */
export const createProfileFolder = ({
  configured,
  now,
}: {
  configured: string | undefined
  now: () => number
}): ProfileFolder => {
  const path = configured ?? join(tmpdir(), `perfmon-profiles-${process.getuid?.() ?? 'user'}`)
  return {
    async fillFile({ kind, extension, bytes }, fill) {
      try {
        await makeSafe(path)
        await makeRoom(path, bytes)
      } catch (error) {
        if (error instanceof ActionError) throw error
        throw new ActionError(
          'action-failed',
          `Nothing can be written to ${path} (${(error as NodeJS.ErrnoException).code}): set PERFMON_PROFILE_DIR`,
        )
      }
      const time = new Date(now()).toISOString().replace(/[-:.]/g, '')
      const file = join(path, `${kind}-${time}-${process.pid}-${randomBytes(4).toString('hex')}.${extension}`)
      try {
        return await fill(file)
      } catch (error) {
        // Half a profile opens nowhere, and keeps a full disk full.
        await rm(file, { force: true }).catch(() => {})
        throw error
      }
    },
  }
}

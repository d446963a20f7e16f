import { type FSWatcher, watch as watchFolder } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { renderMistake } from '@perfmon/core'
import type { Logger } from '../../system/logger.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { readTargetFile } from './read-target-file.ts'

export interface WatchedFileOptions {
  readonly path: string
  /** How often it is read without being told of a change: network disks and some mounts tell nothing. */
  readonly refreshMs: number
  readonly logger: Logger
}

/** 5,000 targets with labels are about a tenth of it. */
const longestFileBytes = 10_000_000
/** An editor writes in several steps. */
const settleMs = 100

/** Agents listed in a file; what is written there is polled a moment later. A file that cannot be used changes nothing. */
export function watchedFile({ path, refreshMs, logger }: WatchedFileOptions): DiscoverySource {
  const counts = { failures: 0, leftOut: 0 }
  return {
    kind: 'file',
    name: path,
    stats: () => ({ ...counts }),
    watch(onTargets) {
      let lastText: string | undefined
      let lastComplaint: string | undefined
      let isReading = false
      let isStale = false
      let isStopped = false
      let watcher: FSWatcher | undefined
      let soon: NodeJS.Timeout | undefined

      /** The same complaint every refresh would drown all others. */
      function complain(complaint: string) {
        counts.failures += 1
        if (complaint === lastComplaint) return
        lastComplaint = complaint
        logger.warn(
          { file: path },
          `the list of agents cannot be used, the last good one stays: ${complaint}`,
        )
      }

      async function read() {
        if (isReading) {
          isStale = true
          return
        }
        isReading = true
        do {
          isStale = false
          try {
            take(await readBounded(path))
          } catch (error) {
            lastText = undefined
            complain((error as Error).message)
          }
        } while (isStale && !isStopped)
        isReading = false
      }

      function take(text: string) {
        if (isStopped || text === lastText) return
        const { targets, mistakes } = readTargetFile(path, text)
        if (!targets) return complain(renderMistake(mistakes[0]!))
        lastText = text
        lastComplaint = undefined
        onTargets(targets)
      }

      const readSoon = () => {
        clearTimeout(soon)
        soon = setTimeout(() => void read(), settleMs)
      }
      const stopWatching = () => {
        watcher?.close()
        watcher = undefined
      }
      const startWatching = () => {
        if (watcher) return
        try {
          // The folder, because whoever replaces a file by renaming another leaves a watch on nothing behind.
          watcher = watchFolder(dirname(path), { persistent: false }, readSoon)
          watcher.on('error', stopWatching)
        } catch {
          // No folder yet, or no watches left: the timer reads it all the same.
        }
      }

      startWatching()
      void read()
      const timer = setInterval(() => {
        startWatching()
        void read()
      }, refreshMs)
      return () => {
        isStopped = true
        clearInterval(timer)
        clearTimeout(soon)
        stopWatching()
      }
    },
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > longestFileBytes) throw new Error(`it has ${size} bytes, and ${longestFileBytes} are allowed`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

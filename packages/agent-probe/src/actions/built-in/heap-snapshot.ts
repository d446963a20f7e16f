import { stat } from 'node:fs/promises'
import { availableMemory } from 'node:process'
import { getHeapStatistics, writeHeapSnapshot } from 'node:v8'
import { ActionError } from '../action-error.ts'
import type { Offer } from '../offer.ts'
import type { ProfileFolder } from '../profile-folder.ts'

/**
 * V8 builds a graph of the whole heap beside it: "a heap snapshot requires memory about twice the size of the
 * heap at the time" (Node's documentation of `v8.writeHeapSnapshot`).
 */
const memoryPerHeapByte = 2
/** Measured on an agent of 20 to 400 MB: 0.9 to 2.2 bytes of file per byte of heap. */
const fileBytesPerHeapByte = 2.5
const spareMemoryBytes = 64 * 1024 ** 2

/** Writes all that is in the heap, its texts included: who may ask for it may read what the agent knows. */
export const heapSnapshot = (folder: ProfileFolder): Offer => ({
  description:
    'Writes the heap into a .heapsnapshot file. PAUSES the agent: about a second per 50 MB. Holds all its texts.',
  needsPermission: true,
  isHeavy: true,
  arguments: {},
  timeLimitMs: () => 600_000,
  async run() {
    const { used_heap_size: heapBytes } = getHeapStatistics()
    const neededBytes = memoryPerHeapByte * heapBytes + spareMemoryBytes
    if (availableMemory() < neededBytes) {
      throw new ActionError(
        'action-failed',
        `A snapshot of ${heapBytes} bytes needs about ${neededBytes} bytes of free memory, there are ${availableMemory()}. The kernel would end the agent`,
      )
    }
    const bytes = Math.ceil(heapBytes * fileBytesPerHeapByte)
    return folder.fillFile({ kind: 'heap', extension: 'heapsnapshot', bytes }, async (file) => {
      const sinceMs = performance.now()
      writeHeapSnapshot(file)
      const pauseMs = performance.now() - sinceMs
      const { size } = await stat(file)
      return {
        result: { file, bytes: size, pauseMs, heapBytes, open: "Chrome DevTools, Memory, 'Load profile'" },
        irreversible: 'Nothing was changed; the file may be deleted, and holds what the agent had in memory.',
      }
    })
  },
})

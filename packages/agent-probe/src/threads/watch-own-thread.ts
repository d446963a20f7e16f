import { subscribe } from 'node:diagnostics_channel'
import { BroadcastChannel, threadId, type Worker } from 'node:worker_threads'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import { shareRecordings } from './share-recordings.ts'
import { beatCells, beatLength, channelName, type ThreadMessage } from './thread-message.ts'

// Ours, whatever fake clock an agent's tests install later.
const { setInterval } = globalThis

/** How often a thread writes down its heap and event loop, in milliseconds. */
const beatEveryMs = 1000

/**
 * Opened for one message: a channel that is kept would collect those of all other threads. Nothing is
 * transferred or waited for, so that neither thread has to be listening.
 */
const announce = (message: ThreadMessage) => {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(message)
  channel.close()
}

/**
 * In a worker thread: everything recorded here becomes part of the main thread's report. Must be called
 * before the hooks are set. The timer and the listeners keep the thread no longer than it would be.
 */
export const watchOwnThread = ({
  recordings,
  guard,
  beatMs = beatEveryMs,
}: {
  recordings: Recordings
  guard: HookGuard
  beatMs?: number
}): void => {
  const beat = new Float64Array(new SharedArrayBuffer(beatLength * Float64Array.BYTES_PER_ELEMENT))
  announce({ kind: 'beat', thread: threadId, cells: beat.buffer as SharedArrayBuffer })
  shareRecordings({ recordings, thread: threadId, beat, announce })

  const children = new Set<{ readonly worker: Worker; readonly id: number }>()
  const onChild = guard.wrap<unknown, { worker: Worker }>(({ worker }) => {
    if (worker.constructor.name === 'InternalWorker') return
    children.add({ worker, id: worker.threadId })
    announce({ kind: 'child', thread: threadId, child: worker.threadId })
  })
  subscribe('worker_threads', onChild as (message: unknown) => void)

  const writeDown = (ending: boolean) => {
    const { active, idle } = performance.eventLoopUtilization()
    beat[beatCells.loopActive] = active
    beat[beatCells.loopIdle] = idle
    beat[beatCells.hookFailures] = guard.failures()
    beat[beatCells.hookSeconds] = guard.hookSeconds()
    if (!ending) {
      // Loading it takes 4 ms, which a thread that lives less than a second is spared.
      const heap = process.getBuiltinModule('node:v8').getHeapStatistics()
      beat[beatCells.heapUsedBytes] = heap.used_heap_size
      beat[beatCells.heapLimitBytes] = heap.heap_size_limit
    }
    recordings.ai?.settle(ending)
    for (const child of children) {
      if (child.worker.threadId !== -1) continue
      children.delete(child)
      announce({ kind: 'childEnded', thread: threadId, child: child.id })
    }
  }
  const tick = guard.wrap<unknown, boolean>(writeDown)
  setInterval(() => tick.call(undefined, false), beatMs).unref()
  process.on('exit', () => tick.call(undefined, true))
}

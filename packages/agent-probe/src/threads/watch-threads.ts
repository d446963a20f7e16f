import { subscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'

type ThreadsModule = typeof import('./threads.ts')

const load = (): ThreadsModule => {
  const { createRequire } = process.getBuiltinModule('node:module')
  return createRequire(import.meta.url)('./threads.js') as ThreadsModule
}

/**
 * Whether this is a worker thread, without loading `node:worker_threads` in the main thread, which takes 2 ms
 * of the agent's start: what a worker must not do carries a mark there. Node's own word decides.
 */
export const isWorkerThread = (): boolean =>
  'disabled' in process.chdir && !process.getBuiltinModule('node:worker_threads').isMainThread

/**
 * In the main thread: takes in what worker threads record, from the first one on. Returns how to stop looking
 * for further ones.
 */
export const watchThreads = ({
  recordings,
  guard,
}: {
  recordings: Recordings
  guard: HookGuard
}): (() => void) => {
  let stopped = false
  // Published while the thread has only begun to start: the channel is open before it can say anything.
  const onWorker = guard.wrap<unknown, { worker: Worker }>(({ worker }) => {
    // The latter is Node's thread for `module.register`.
    if (stopped || worker.constructor.name === 'InternalWorker') return
    recordings.threads ??= load().createThreads({ recordings, guard })
    recordings.threads.started(worker)
  })
  subscribe('worker_threads', onWorker as (message: unknown) => void)
  return () => {
    stopped = true
  }
}

/** In a worker thread, before anything is hooked. */
export const shareThread = (parts: { recordings: Recordings; guard: HookGuard }): void =>
  load().watchOwnThread(parts)

import type { PostRequest } from '../send/post-request.ts'

export interface Courier {
  /** Blocks until the report was answered, for at most `waitMs`. Returns the HTTP status, 0 or -1. */
  deliver(report: PostRequest, waitMs: number): number
}

/**
 * A thread with an event loop of its own, as ours has ended by the time it is needed. Made at exit: one kept
 * ready would cost the agent 16 MB. It starts while the caller goes on.
 */
const hireCourier = (): Courier => {
  const answer = new SharedArrayBuffer(4)
  // No execArgv and no environment: neither this probe again nor the agent's own preloads.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const worker = new Worker(new URL('./exit-worker.js', import.meta.url), {
    workerData: answer,
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  })
  return {
    deliver(report, waitMs) {
      worker.postMessage(report)
      const status = new Int32Array(answer)
      Atomics.wait(status, 0, 0, waitMs)
      return Atomics.load(status, 0)
    },
  }
}

/** Where threads are forbidden (`--permission` without `--allow-worker`) there is none, and the loss is told. */
export const callCourier = (): Courier => {
  try {
    return hireCourier()
  } catch {
    return { deliver: () => -1 }
  }
}

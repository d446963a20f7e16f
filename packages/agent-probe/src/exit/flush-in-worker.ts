import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import type { Settings } from '../configure/read-settings.ts'

/** An exiting agent waits no longer than this, in milliseconds. */
const maxWaitMs = 250

/** What the exit worker is given. */
export interface LastReport {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** One Int32: 0 while waiting, then the HTTP status, or -1 for a failed connection. */
  readonly answer: SharedArrayBuffer
}

/**
 * Sends the last report from a thread with an event loop of its own, as ours has ended, and blocks until it
 * was answered. The thread is made now: keeping one ready would cost 16 MB.
 *
 * Returns why it failed, or `undefined`.
 */
export const flushInWorker = ({
  settings,
  body,
}: {
  settings: Settings
  body: Uint8Array
}): string | undefined => {
  const answer = new SharedArrayBuffer(4)
  const status = new Int32Array(answer)
  const zipped = settings.compression === 'gzip'
  const lastReport: LastReport = {
    url: settings.url,
    headers: {
      ...settings.headers,
      'content-type': settings.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      'user-agent': 'perfmon-agent-probe',
      ...(zipped && { 'content-encoding': 'gzip' }),
    },
    body: zipped ? gzipSync(body, { level: 1 }) : body,
    answer,
  }
  // No execArgv and no environment: neither this probe again nor the agent's own preloads.
  new Worker(new URL('./exit-worker.js', import.meta.url), {
    workerData: lastReport,
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
  })
  Atomics.wait(status, 0, 0, maxWaitMs)
  const result = Atomics.load(status, 0)
  if (result >= 200 && result < 300) return undefined
  return result === 0 ? `no answer within ${maxWaitMs} ms` : result < 0 ? 'no connection' : `status ${result}`
}

import type { AiRecordings } from '../ai/ai-recordings.ts'
import type { CoordinationRecordings } from '../coordinate/coordination-recordings.ts'
import type { Threads } from '../threads/absorb-threads.ts'
import { type Admission, createDurationHistogram, type DurationHistogram } from './duration-histogram.ts'
import type { ReadingSource } from './reading.ts'
import { createRequestSampler, type RequestSampler } from './request-sampler.ts'

/**
 * What the hooks write and each report reads. The hooks run before the SDK is loaded: nothing is missed.
 * In a worker thread every histogram and tally in here, also one level down, is shared with the main thread;
 * numbers and anything else would stay in the worker.
 */
export interface Recordings {
  readonly serverDurations: DurationHistogram
  readonly clientDurations: DurationHistogram
  /** Of all tables, those of AI work included. */
  readonly admission: Admission
  readonly active: { server: number; client: number }
  /** Of the HTTP requests in this thread. */
  readonly sampling: { readonly server: RequestSampler; readonly client: RequestSampler }
  /** The HTTP server that answers `metrics_request`: its requests are not the agent's. */
  ownServer: object | undefined
  /** While the probe itself makes an HTTP request, which is not the agent's. */
  isDialling: boolean
  /** Absent until the agent first does AI work. */
  ai: AiRecordings | undefined
  /** Absent until the agent starts its first worker thread, and in worker threads. */
  threads: Threads | undefined
  /** Absent until the agent first sends or receives a message, or uses the API. */
  coordination: CoordinationRecordings | undefined
  /** Whoever has more to tell. Of this thread only. */
  readonly sources: ReadingSource[]
}

export const createRecordings = (): Recordings => {
  const admission: Admission = { isOpen: true }
  return {
    serverDurations: createDurationHistogram({ admission }),
    clientDurations: createDurationHistogram({ admission }),
    admission,
    active: { server: 0, client: 0 },
    sampling: { server: createRequestSampler(), client: createRequestSampler() },
    ownServer: undefined,
    isDialling: false,
    ai: undefined,
    threads: undefined,
    coordination: undefined,
    sources: [],
  }
}

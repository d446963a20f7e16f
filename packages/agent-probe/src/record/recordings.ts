import type { AiRecordings } from '../ai/ai-recordings.ts'
import { createDurationHistogram, type DurationHistogram } from './duration-histogram.ts'

/** What the hooks write and each report reads. The hooks run before the SDK is loaded: nothing is missed. */
export interface Recordings {
  readonly serverDurations: DurationHistogram
  readonly clientDurations: DurationHistogram
  readonly active: { server: number; client: number }
  /** The HTTP server that answers `metrics_request`: its requests are not the agent's. */
  ownServer: object | undefined
  /** Absent until the agent first does AI work. */
  ai: AiRecordings | undefined
}

export const createRecordings = (): Recordings => ({
  serverDurations: createDurationHistogram(),
  clientDurations: createDurationHistogram(),
  active: { server: 0, client: 0 },
  ownServer: undefined,
  ai: undefined,
})

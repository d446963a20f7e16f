import { createDurationHistogram, type DurationHistogram } from './duration-histogram.ts'

/** What the hooks write and each report reads. The hooks run before the SDK is loaded: nothing is missed. */
export interface Recordings {
  readonly serverDurations: DurationHistogram
  readonly clientDurations: DurationHistogram
  readonly active: { server: number; client: number }
  /** The probe's own traffic, which must not be counted as the agent's. */
  readonly own: {
    /** True only while the probe creates a request: Node publishes its channel synchronously. */
    sending: boolean
    /** The HTTP server that answers `metrics_request`. */
    server: object | undefined
  }
}

export const createRecordings = (): Recordings => ({
  serverDurations: createDurationHistogram(),
  clientDurations: createDurationHistogram(),
  active: { server: 0, client: 0 },
  own: { sending: false, server: undefined },
})

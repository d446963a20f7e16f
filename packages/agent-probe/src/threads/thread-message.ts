import type { MetricAttributes } from '../record/duration-histogram.ts'

/** The broadcast channel by which threads tell the main thread where their numbers are. */
export const channelName = 'perfmon.agent-probe.threads'

/** Places of a thread's own numbers in its {@link ThreadMessage} `beat`. */
export const beatCells = {
  activeServer: 0,
  activeClient: 1,
  /** Milliseconds, as of the thread's last second. */
  loopActive: 2,
  loopIdle: 3,
  heapUsedBytes: 4,
  heapLimitBytes: 5,
  hookFailures: 6,
  hookSeconds: 7,
} as const
export const beatLength = Object.keys(beatCells).length

/** Places of a histogram's numbers in its cells; the buckets' counts follow. */
export const histogramCells = { sum: 0, min: 1, max: 2, firstBucket: 3 } as const

/**
 * What a thread says once, about numbers that it goes on writing: all of them are 64-bit floats in memory that
 * both threads see, so that reading them needs no help of a thread that may be blocked or gone.
 */
export type ThreadMessage =
  /** Where the thread's own numbers are. */
  | { readonly kind: 'beat'; readonly thread: number; readonly cells: SharedArrayBuffer }
  /** One attribute set of a histogram or tally; `path` is its place in the recordings. */
  | {
      readonly kind: 'histogram' | 'tally'
      readonly thread: number
      readonly path: string
      readonly attributes: MetricAttributes
      readonly cells: SharedArrayBuffer
    }
  /** A thread started one itself. */
  | { readonly kind: 'child'; readonly thread: number; readonly child: number }
  /** A thread that it started has ended. */
  | { readonly kind: 'childEnded'; readonly thread: number; readonly child: number }

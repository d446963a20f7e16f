import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface EventLoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly mean: number
}

export interface EventLoopDelayWatch {
  /** Since the last call. */
  read(): EventLoopDelay | undefined
  stop(): void
}

const resolutionMs = 20

/**
 * Seconds that the event loop was late, since the last call. Node's histogram measures the distance
 * between its own timer's ticks, so that an idle process seems to be late by the resolution: it is
 * subtracted. The timer wakes an idle process 50 times per second, hence only at level `detailed`.
 */
export const watchEventLoopDelay = (): EventLoopDelayWatch => {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000)
  const read = () => {
    if (histogram.count === 0) return undefined
    const delay = {
      p50: late(histogram.percentile(50)),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
      mean: late(histogram.mean),
    }
    histogram.reset()
    return delay
  }
  return {
    read,
    stop() {
      histogram.disable()
    },
  }
}

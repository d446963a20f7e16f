import type { Recordings } from '../record/recordings.ts'
import type { ProcessReading } from './read-process.ts'

/** How the agent did between two reports. What is unknown (no request, no time passed) is absent. */
export interface VitalSigns {
  readonly atMs: number
  /** Percent of one core; may pass 100 with worker threads. */
  readonly cpuPercent: number | undefined
  /** Percent of the nearest limit: container or machine, or V8 heap. */
  readonly memoryPercent: number
  /** Mean of the requests served. */
  readonly responseTimeMs: number | undefined
  /** Of the requests served and made. */
  readonly errorPercent: number | undefined
  readonly activeRequests: number
  readonly requestsPerSecond: number | undefined
  /** 0 to 1. */
  readonly eventLoopUtilization: number | undefined
}

interface Totals {
  readonly reading: ProcessReading
  readonly served: number
  readonly servedSeconds: number
  readonly made: number
  readonly failed: number
}

/** Remembers the totals of the last report and tells what happened since. */
export const createVitalSigns = ({
  recordings,
  startedAtMs,
}: {
  recordings: Recordings
  startedAtMs: number
}): { roll(reading: ProcessReading): VitalSigns } => {
  const { serverDurations, clientDurations, active } = recordings
  let last: Totals | undefined

  return {
    roll(reading) {
      const now: Totals = {
        reading,
        served: serverDurations.total.count,
        servedSeconds: serverDurations.total.sum,
        made: clientDurations.total.count,
        failed: serverDurations.total.failed + clientDurations.total.failed,
      }
      const seconds = (reading.atMs - (last?.reading.atMs ?? startedAtMs)) / 1000
      const cpuSeconds =
        reading.cpuUserSeconds +
        reading.cpuSystemSeconds -
        (last ? last.reading.cpuUserSeconds + last.reading.cpuSystemSeconds : 0)
      const served = now.served - (last?.served ?? 0)
      const requests = served + now.made - (last?.made ?? 0)
      const loopActive = reading.loopActiveSeconds - (last?.reading.loopActiveSeconds ?? 0)
      const loopTotal = loopActive + reading.loopIdleSeconds - (last?.reading.loopIdleSeconds ?? 0)
      const vitals: VitalSigns = {
        atMs: reading.atMs,
        cpuPercent: seconds > 0 ? (100 * cpuSeconds) / seconds : undefined,
        memoryPercent:
          100 *
          Math.max(
            (reading.rssBytes ?? 0) / reading.memoryLimitBytes,
            reading.heapUsedBytes / reading.heapLimitBytes,
          ),
        responseTimeMs:
          served > 0 ? (1000 * (now.servedSeconds - (last?.servedSeconds ?? 0))) / served : undefined,
        errorPercent: requests > 0 ? (100 * (now.failed - (last?.failed ?? 0))) / requests : undefined,
        activeRequests: active.server + active.client,
        requestsPerSecond: seconds > 0 ? requests / seconds : undefined,
        eventLoopUtilization: loopTotal > 0 ? loopActive / loopTotal : undefined,
      }
      last = now
      return vitals
    },
  }
}

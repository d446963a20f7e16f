import type { Recordings } from '../record/recordings.ts'

/** An agent that uses less CPU than this share of one core, and has no requests, is quiet. */
const quietCpuShare = 0.02

/**
 * Tells whether the agent did anything since the last report: served or made a request, or used CPU. Costs
 * one system call.
 */
export const watchActivity = ({
  recordings,
  readCpuSeconds,
}: {
  recordings: Recordings
  readCpuSeconds: () => number
}): { isQuiet(nowMs: number): boolean; reported(nowMs: number): void } => {
  const { serverDurations, clientDurations, active } = recordings
  // Before the first report nobody is quiet: an agent appears at once.
  let atMs = Number.POSITIVE_INFINITY
  let requests = 0
  let cpuSeconds = 0
  const countRequests = () => serverDurations.total.count + clientDurations.total.count

  return {
    isQuiet(nowMs) {
      recordings.threads?.absorb()
      if (active.server > 0 || active.client > 0 || countRequests() !== requests) return false
      return readCpuSeconds() - cpuSeconds < (quietCpuShare * (nowMs - atMs)) / 1000
    },
    reported(nowMs) {
      atMs = nowMs
      requests = countRequests()
      cpuSeconds = readCpuSeconds()
    },
  }
}

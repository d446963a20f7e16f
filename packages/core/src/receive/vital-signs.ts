import type { Vitals } from '@perfmon/protocol'
import { type VitalRole, vitalRoles } from './vital-role.ts'

/**
 * One report of one agent, added up sample by sample. Counters come as what they grew by since the
 * agent's previous report.
 */
export interface VitalSums {
  /** Newest sample of the report, Unix milliseconds. */
  timeMs: number
  /** Longest time that a counter of the report covers, milliseconds; 0 on an agent's first report. */
  coveredMs: number
  cpuSeconds: number
  hasCpu: boolean
  memoryShare: number
  heapUsedBytes: number
  heapLimitBytes: number
  served: number
  servedFailed: number
  servedSeconds: number
  made: number
  madeFailed: number
  hasRequests: boolean
  /** Model calls and tool runs: what an agent does where it neither serves nor makes requests that are seen. */
  work: number
  workFailed: number
  hasWork: boolean
  openRequests: number
  eventLoopShare: number
  exitCode: number
}

export function emptySums(): VitalSums {
  return {
    timeMs: 0,
    coveredMs: 0,
    cpuSeconds: 0,
    hasCpu: false,
    memoryShare: Number.NaN,
    heapUsedBytes: Number.NaN,
    heapLimitBytes: Number.NaN,
    served: 0,
    servedFailed: 0,
    servedSeconds: 0,
    made: 0,
    madeFailed: 0,
    hasRequests: false,
    work: 0,
    workFailed: 0,
    hasWork: false,
    openRequests: Number.NaN,
    eventLoopShare: Number.NaN,
    exitCode: Number.NaN,
  }
}

/**
 * Adds one sample. `growth` is what a counter grew by over `coveredMs`; for a gauge it is unused.
 * Gauges with several attribute sets (heap spaces) are summed.
 */
export function addToSums(
  sums: VitalSums,
  role: VitalRole,
  value: number,
  growth: number,
  coveredMs: number,
): void {
  const plus = (total: number, more: number) => (Number.isNaN(total) ? more : total + more)
  switch (role) {
    case vitalRoles.cpuSeconds:
      sums.cpuSeconds += growth
      sums.hasCpu = true
      break
    case vitalRoles.memoryShare:
      sums.memoryShare = plus(sums.memoryShare, value)
      return
    case vitalRoles.heapUsedBytes:
      sums.heapUsedBytes = plus(sums.heapUsedBytes, value)
      return
    case vitalRoles.heapLimitBytes:
      sums.heapLimitBytes = value
      return
    case vitalRoles.servedCount:
      sums.served += growth
      sums.hasRequests = true
      break
    case vitalRoles.servedFailedCount:
      sums.served += growth
      sums.servedFailed += growth
      sums.hasRequests = true
      break
    case vitalRoles.servedSeconds:
      sums.servedSeconds += growth
      break
    case vitalRoles.madeCount:
      sums.made += growth
      sums.hasRequests = true
      break
    case vitalRoles.madeFailedCount:
      sums.made += growth
      sums.madeFailed += growth
      sums.hasRequests = true
      break
    case vitalRoles.workCount:
      sums.work += growth
      sums.hasWork = true
      break
    case vitalRoles.workFailedCount:
      sums.work += growth
      sums.workFailed += growth
      sums.hasWork = true
      break
    case vitalRoles.openRequests:
      sums.openRequests = plus(sums.openRequests, value)
      return
    case vitalRoles.eventLoopShare:
      sums.eventLoopShare = value
      return
    case vitalRoles.exitCode:
      sums.exitCode = value
      return
    default:
      return
  }
  sums.coveredMs = Math.max(sums.coveredMs, coveredMs)
}

/**
 * The vital signs that a report tells; `null` where it does not. CPU is the growth of `process.cpu.time`
 * over the time it covers; memory is the nearest of two limits, the machine's or container's and V8's;
 * response time and error share are over the requests since the last report, so an interval without
 * requests has neither.
 */
export function vitalSigns(sums: VitalSums): Vitals {
  const seconds = sums.coveredMs / 1_000
  const known = (value: number) => (Number.isFinite(value) ? value : null)
  const heapShare = sums.heapUsedBytes / sums.heapLimitBytes
  // Model calls are requests too: they count only where no request is seen.
  const { hasRequests } = sums
  const requests = hasRequests ? sums.served + sums.made : sums.work
  const failed = hasRequests ? sums.servedFailed + sums.madeFailed : sums.workFailed
  const memory = Number.isNaN(sums.memoryShare)
    ? heapShare
    : Math.max(sums.memoryShare, Number.isNaN(heapShare) ? 0 : heapShare)
  return {
    cpu: sums.hasCpu && seconds > 0 ? known(sums.cpuSeconds / seconds) : null,
    memory: known(memory),
    responseTime: sums.served > 0 ? known(sums.servedSeconds / sums.served) : null,
    errorRate: requests > 0 ? known(failed / requests) : null,
    activeConnections: known(sums.openRequests),
    requestRate: (hasRequests || sums.hasWork) && seconds > 0 ? known(requests / seconds) : null,
    eventLoop: known(sums.eventLoopShare),
  }
}

import type { Attributes, SeriesPart } from '@perfmon/protocol'
import { aiMetricNames, attributeNames, metricNames } from '@perfmon/protocol'

/**
 * What a series contributes to its agent's vital signs. Decided once, when the series is first seen, so that
 * its samples need no names and no attributes any more.
 */
export const vitalRoles = {
  none: 0,
  cpuSeconds: 1,
  memoryShare: 2,
  heapUsedBytes: 3,
  heapLimitBytes: 4,
  servedCount: 5,
  servedSeconds: 6,
  servedFailedCount: 7,
  madeCount: 8,
  madeFailedCount: 9,
  openRequests: 10,
  eventLoopShare: 11,
  exitCode: 12,
  workCount: 13,
  workFailedCount: 14,
} as const
export type VitalRole = (typeof vitalRoles)[keyof typeof vitalRoles]

/**
 * A served request failed when the server answered 5xx or not at all (`error.type`); a request made failed
 * when it carries `error.type`, which HTTP conventions set for 4xx, 5xx and network errors of clients.
 */
export function vitalRole(metric: string, part: SeriesPart, attributes: Attributes): VitalRole {
  const failed = attributes[attributeNames.errorType] !== undefined
  switch (metric) {
    case metricNames.processCpuTime:
      return vitalRoles.cpuSeconds
    case metricNames.processMemoryUtilization:
      return vitalRoles.memoryShare
    case metricNames.heapUsed:
      return vitalRoles.heapUsedBytes
    case metricNames.heapLimit:
      return vitalRoles.heapLimitBytes
    case metricNames.httpServerDuration:
      if (part === 'count') {
        const status = Number(attributes[attributeNames.httpStatusCode])
        return failed || status >= 500 ? vitalRoles.servedFailedCount : vitalRoles.servedCount
      }
      return part === 'sum' ? vitalRoles.servedSeconds : vitalRoles.none
    case metricNames.httpClientDuration: {
      if (part !== 'count') return vitalRoles.none
      const status = Number(attributes[attributeNames.httpStatusCode])
      return failed || status >= 400 ? vitalRoles.madeFailedCount : vitalRoles.madeCount
    }
    case metricNames.httpServerActiveRequests:
      return vitalRoles.openRequests
    case metricNames.eventLoopUtilization:
      return vitalRoles.eventLoopShare
    case aiMetricNames.operationDuration:
    case aiMetricNames.executeToolDuration:
      if (part !== 'count') return vitalRoles.none
      return failed ? vitalRoles.workFailedCount : vitalRoles.workCount
    case metricNames.agentExit:
      return vitalRoles.exitCode
    default:
      return vitalRoles.none
  }
}

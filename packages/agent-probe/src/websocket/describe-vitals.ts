import type { MetricsRequest, MetricsResponse } from '@perfmon/protocol'
import type { VitalSigns } from '../collect/vital-signs.ts'
import { agentStatus } from './agent-status.ts'

export interface AgentIdentity {
  readonly agentId: string
  readonly agentType: string
  readonly swarm: string | undefined
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits))

/** The answer to a `metrics_request`: percent and milliseconds, as the protocol has them. */
export const describeVitals = (
  vitals: VitalSigns,
  identity: AgentIdentity,
  requestId: MetricsRequest['requestId'],
): MetricsResponse => {
  const { cpuPercent, responseTimeMs, errorPercent, requestsPerSecond, eventLoopUtilization } = vitals
  return {
    type: 'metrics_response',
    ...(requestId !== undefined && { requestId }),
    agentId: identity.agentId,
    agentType: identity.agentType,
    ...(identity.swarm !== undefined && { swarm: identity.swarm }),
    ...(cpuPercent !== undefined && { cpu: rounded(cpuPercent, 2) }),
    memory: rounded(vitals.memoryPercent, 2),
    ...(responseTimeMs !== undefined && { responseTime: rounded(responseTimeMs, 3) }),
    ...(errorPercent !== undefined && { errorRate: rounded(errorPercent, 2) }),
    activeConnections: vitals.activeRequests,
    ...(requestsPerSecond !== undefined && { requestRate: rounded(requestsPerSecond, 3) }),
    ...(eventLoopUtilization !== undefined && { eventLoop: rounded(eventLoopUtilization, 4) }),
    lastHeartbeat: vitals.atMs,
    status: agentStatus(vitals),
  }
}

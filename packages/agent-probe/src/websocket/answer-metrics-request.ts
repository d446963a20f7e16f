import type { MetricsError, MetricsRequest, MetricsResponse } from '@perfmon/protocol'
import type { VitalSigns } from '../collect/vital-signs.ts'
import { agentStatus } from './agent-status.ts'

/** Longest message that is read, as in the protocol. */
const maxRequestBytes = 4 * 1024
const maxRequestIdLength = 128

export interface AgentIdentity {
  readonly agentId: string
  readonly agentType: string
  readonly swarm: string | undefined
}

type RequestId = MetricsRequest['requestId']

const refuse = (code: MetricsError['code'], message: string, requestId?: RequestId): MetricsError => ({
  type: 'error',
  ...(requestId !== undefined && { requestId }),
  code,
  message,
})

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readRequestId = (id: unknown): RequestId =>
  typeof id === 'number' || (typeof id === 'string' && id.length <= maxRequestIdLength) ? id : undefined

const rounded = (value: number, digits: number) => Number(value.toFixed(digits))

const respond = (vitals: VitalSigns, identity: AgentIdentity, requestId: RequestId): MetricsResponse => {
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

/**
 * The answer to one message. Checked by hand against the protocol's schema: a validation library has no
 * place in somebody else's process. What the peer wrote is never repeated, except a well-formed `requestId`.
 */
export const answerMetricsRequest = ({
  message,
  isBinary,
  vitals,
  identity,
}: {
  message: Buffer
  isBinary: boolean
  vitals: () => VitalSigns
  identity: AgentIdentity
}): MetricsResponse | MetricsError => {
  if (message.byteLength > maxRequestBytes) {
    return refuse('message-too-large', `A message may have at most ${maxRequestBytes} bytes`)
  }
  const request = isBinary ? undefined : parseJson(message.toString('utf8'))
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return refuse('malformed-message', 'Send a JSON object as text, such as {"type":"metrics_request"}')
  }
  const { type, requestId } = request as { type?: unknown; requestId?: unknown }
  const id = readRequestId(requestId)
  if (requestId !== undefined && id === undefined) {
    return refuse(
      'malformed-message',
      `requestId must be a number or text of at most ${maxRequestIdLength} characters`,
    )
  }
  if (type !== 'metrics_request') {
    return refuse('unknown-type', 'The only type answered here is metrics_request', id)
  }
  return respond(vitals(), identity, id)
}

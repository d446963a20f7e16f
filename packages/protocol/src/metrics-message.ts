import { z } from 'zod'

/** Longest `metrics_request` an agent accepts, in bytes. */
export const maxRequestBytes = 4 * 1024

/** Asks an agent how it is. `requestId` comes back unchanged, so that answers can be told apart. */
export const metricsRequestSchema = z.object({
  type: z.literal('metrics_request'),
  requestId: z.union([z.string().max(128), z.number()]).optional(),
})
export type MetricsRequest = z.infer<typeof metricsRequestSchema>

/**
 * An agent's answer. `cpu` and `memory` are percent (100 = one core, 100 = the nearest limit),
 * `responseTime` is milliseconds, `errorRate` percent, `lastHeartbeat` Unix milliseconds or ISO 8601 text:
 * agents that Perfmon did not write send either. `requestRate` is per second, `eventLoop` a share (1 = never idle).
 * Only `type` is required; what is unknown is left out; what cannot be is refused.
 */
export const metricsResponseSchema = z.object({
  type: z.literal('metrics_response'),
  requestId: z.union([z.string(), z.number()]).optional(),
  agentId: z.string().max(256).optional(),
  agentType: z.string().max(256).optional(),
  swarm: z.string().max(256).optional(),
  cpu: z.number().min(0).max(100_000).optional(),
  memory: z.number().min(0).max(10_000).optional(),
  responseTime: z.number().min(0).max(86_400_000).nullable().optional(),
  errorRate: z.number().min(0).max(100).nullable().optional(),
  activeConnections: z.number().min(0).max(1e9).optional(),
  requestRate: z.number().min(0).max(1e9).optional(),
  eventLoop: z.number().min(0).max(1.5).optional(),
  lastHeartbeat: z.union([z.number(), z.string().max(64)]).optional(),
  status: z.enum(['active', 'idle', 'busy', 'error', 'offline']).optional(),
})
export type MetricsResponse = z.infer<typeof metricsResponseSchema>

/** `code` is one of a closed list so that a poller can decide; `message` is for people. */
export const metricsErrorCodes = [
  'malformed-message',
  'unknown-type',
  'message-too-large',
  'unauthorized',
  'rate-limited',
  // of actions
  'not-allowed',
  'unknown-action',
  'out-of-bounds',
  'invalid-argument',
  'busy',
  'action-failed',
  'expired',
] as const
export const metricsErrorSchema = z.object({
  type: z.literal('error'),
  requestId: z.union([z.string(), z.number()]).optional(),
  code: z.enum(metricsErrorCodes),
  message: z.string(),
})
export type MetricsError = z.infer<typeof metricsErrorSchema>

/** Where an agent dials in, at the aggregator's API. */
export const dialInPath = '/agents/connect'

/**
 * First message of an agent that dialled in. From then on the aggregator asks and the agent answers, as over a
 * connection that the aggregator opened. `secret` is the process's own: its digest is in its reports.
 */
export const agentHelloSchema = z.object({
  type: z.literal('agent_hello'),
  agentId: z.string().min(1).max(256),
  secret: z.string().min(16).max(128),
})
export type AgentHello = z.infer<typeof agentHelloSchema>

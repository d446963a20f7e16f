import { z } from 'zod'

/**
 * What an agent is doing. `active`: working; `idle`: reporting, no work since the last report; `busy`: its
 * event loop or CPU is nearly full; `error`: much of its work fails; `offline`: it stopped reporting
 * without saying goodbye; `left`: it ended as a process should.
 */
export const agentStatusSchema = z.enum(['active', 'idle', 'busy', 'error', 'offline', 'left'])
export type AgentStatus = z.infer<typeof agentStatusSchema>

/** A vital sign is a number or, when the agent has not said, `null`: unknown is not zero. */
const vital = z.number().nullable()

export const vitalsSchema = z.object({
  cpu: vital.describe('Share of one CPU core, 1 = fully used'),
  memory: vital.describe('Share of the nearest memory limit, 1 = reached'),
  responseTime: vital.describe('Mean duration of requests served since the last report, seconds'),
  errorRate: vital.describe('Share of requests that failed since the last report'),
  activeConnections: vital.describe('Open requests or connections'),
  requestRate: vital.describe('Requests served or made per second'),
  eventLoop: vital.describe('Event-loop utilisation, 1 = never idle'),
})
export type Vitals = z.infer<typeof vitalsSchema>

export const agentSchema = z.object({
  id: z.string().describe('service.instance.id, or the WebSocket address of a polled agent'),
  name: z.string().describe('service.name: the role of the agent'),
  swarm: z.string().describe('service.namespace'),
  source: z.enum(['otlp', 'websocket', 'collector']).describe('`collector`: the aggregator itself, no agent'),
  status: agentStatusSchema,
  firstSeenMs: z.number(),
  lastSeenMs: z.number(),
  reportIntervalMs: z.number().nullable().describe('How often it reports, as declared or observed'),
  vitals: vitalsSchema,
  attributes: z.record(z.string(), z.string()).describe('Resource attributes, as sent'),
  reachableBy: z
    .enum(['polled', 'dialled-in'])
    .nullable()
    .optional()
    .describe('Over which connection it can be asked for actions; told by the REST API only'),
})
export type Agent = z.infer<typeof agentSchema>

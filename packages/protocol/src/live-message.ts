import type { Agent } from './agent.ts'
import type { Alert } from './alert.ts'

/** Version of the messages below. A dashboard that reads another version reloads itself. */
export const liveProtocolVersion = 1

/** How the swarm is, in one look. `reasons` are plain sentences, worst first; empty when all is well. */
export interface SwarmHealth {
  /** 0–100; 100 = nothing wrong. */
  score: number
  band: 'good' | 'warning' | 'critical'
  reasons: string[]
  agents: {
    total: number
    active: number
    idle: number
    busy: number
    error: number
    offline: number
    left: number
  }
  alerts: { critical: number; warning: number; pending: number }
  /** Requests per second over all agents that report it. */
  requestRate: number
  /** Request-weighted mean response time in seconds over the agents that served; null when none did. */
  responseTime: number | null
  /** Request-weighted share of failed requests; null when there were none. */
  errorRate: number | null
}

/** What the aggregator says of itself: shown so that a silent drop is never silent. */
export interface IngestHealth {
  samplesPerSecond: number
  series: number
  /** Points refused since start, over every reason (limits, malformed, out of order). */
  droppedPoints: number
  storeBytes: number
}

/**
 * Vital signs as columns. `agents[i]` is described by `cpu[i]`, `memory[i]` and so on; `null` = unknown.
 * An update carries only the agents that changed.
 */
export interface VitalColumns {
  agents: string[]
  lastSeenMs: number[]
  status: Agent['status'][]
  cpu: (number | null)[]
  memory: (number | null)[]
  responseTime: (number | null)[]
  errorRate: (number | null)[]
  activeConnections: (number | null)[]
  requestRate: (number | null)[]
  eventLoop: (number | null)[]
}

/** Recent history of one agent for its sparklines: `values[i]` at `startMs + i * stepMs`, `null` = gap. */
export interface Sparkline {
  startMs: number
  stepMs: number
  values: (number | null)[]
}

export type SparklineVital = 'cpu' | 'memory' | 'responseTime' | 'errorRate' | 'requestRate'

export type LiveServerMessage =
  | {
      type: 'hello'
      protocol: number
      version: string
      nowMs: number
      /** An update comes this often, also when nothing changed: a reader that hears none for long is cut off. */
      updateIntervalMs: number
      /** How many rules watch. */
      rules: number
    }
  | {
      /** Everything; sent first, and again to a reader that fell behind. */
      type: 'snapshot'
      nowMs: number
      health: SwarmHealth
      ingest: IngestHealth
      agents: Agent[]
      /** Of the first agents only, when there are thousands: their recent history would be most of the message. */
      sparklines: Record<string, Partial<Record<SparklineVital, Sparkline>>>
      /** Pending and active ones, and the latest resolved. */
      alerts: Alert[]
    }
  | {
      type: 'metrics:update'
      nowMs: number
      health: SwarmHealth
      ingest: IngestHealth
      vitals: VitalColumns
      /** Agents that joined since the last update, or whose name or attributes changed. */
      agents: Agent[]
      /** Ids of agents that are no longer listed. */
      removedAgents: string[]
      /** Alerts that changed since the last update. */
      alerts: Alert[]
    }

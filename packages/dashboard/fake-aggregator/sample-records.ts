import type {
  Agent,
  Alert,
  IngestHealth,
  LiveServerMessage,
  SwarmHealth,
  VitalColumns,
} from '@perfmon/protocol'

/** Small made-up records for tests; each takes what matters to the test and fills in the rest. */
export function sampleAgent(
  parts: Partial<Omit<Agent, 'vitals'>> & { vitals?: Partial<Agent['vitals']> },
): Agent {
  const unknown = {
    cpu: null,
    memory: null,
    responseTime: null,
    errorRate: null,
    activeConnections: null,
    requestRate: null,
    eventLoop: null,
  }
  return {
    id: 'planner-1',
    name: 'planner',
    swarm: 'research',
    source: 'otlp',
    status: 'active',
    firstSeenMs: 0,
    lastSeenMs: 100_000,
    reportIntervalMs: 1000,
    attributes: {},
    ...parts,
    vitals: { ...unknown, ...parts.vitals },
  }
}

export function sampleAlert(parts: Partial<Alert>): Alert {
  return {
    id: 'alert-1',
    fingerprint: 'alert',
    rule: 'AgentCpuHigh',
    severity: 'warning',
    state: 'active',
    labels: { agent: 'planner', agent_id: 'planner-1', swarm: 'research' },
    summary: 'planner uses 93 % of a CPU core',
    unit: '1',
    value: 0.93,
    threshold: 0.7,
    pendingSinceMs: 50_000,
    activeSinceMs: 60_000,
    resolvedAtMs: null,
    resolveReason: null,
    updatedAtMs: 60_000,
    ...parts,
  }
}

export const sampleHealth: SwarmHealth = {
  score: 100,
  band: 'good',
  reasons: [],
  agents: { total: 1, active: 1, idle: 0, busy: 0, error: 0, offline: 0, left: 0 },
  alerts: { critical: 0, warning: 0, pending: 0 },
  requestRate: 0,
  responseTime: null,
  errorRate: null,
}

const sampleIngest: IngestHealth = { samplesPerSecond: 10, series: 42, droppedPoints: 0, storeBytes: 1000 }

type Snapshot = Extract<LiveServerMessage, { type: 'snapshot' }>
type Update = Extract<LiveServerMessage, { type: 'metrics:update' }>

export function sampleSnapshot(parts: Partial<Snapshot> = {}): Snapshot {
  const empty = { agents: [], sparklines: {}, alerts: [] }
  return { type: 'snapshot', nowMs: 100_000, health: sampleHealth, ingest: sampleIngest, ...empty, ...parts }
}

export function sampleUpdate(
  parts: Partial<Omit<Update, 'vitals'>> & { vitals?: Partial<VitalColumns> } = {},
): Update {
  const agents = parts.vitals?.agents ?? []
  const unknown = agents.map(() => null)
  return {
    type: 'metrics:update',
    nowMs: 101_000,
    health: sampleHealth,
    ingest: sampleIngest,
    agents: [],
    removedAgents: [],
    alerts: [],
    ...parts,
    vitals: {
      agents,
      lastSeenMs: agents.map(() => 101_000),
      status: agents.map(() => 'active'),
      cpu: unknown,
      memory: unknown,
      responseTime: unknown,
      errorRate: unknown,
      activeConnections: unknown,
      requestRate: unknown,
      eventLoop: unknown,
      ...parts.vitals,
    },
  }
}

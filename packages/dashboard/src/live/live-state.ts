import type {
  Agent,
  Alert,
  IngestHealth,
  LiveServerMessage,
  SparklineVital,
  SwarmHealth,
  VitalName,
} from '@perfmon/protocol'
import { agentOfAlert } from '../alerts/agent-of-alert.ts'
import { createRing, type Ring, writeRing } from './ring.ts'

const sparklineVitals = [
  'cpu',
  'memory',
  'responseTime',
  'errorRate',
  'requestRate',
] as const satisfies readonly SparklineVital[]

const vitalColumns = [
  'cpu',
  'memory',
  'responseTime',
  'errorRate',
  'activeConnections',
  'requestRate',
  'eventLoop',
] as const satisfies readonly VitalName[]

/** Resolved alerts that are kept for the folded list. */
const keptResolvedAlerts = 50

export interface AgentRow {
  agent: Agent
  /** A vital sign that was never known has no ring. */
  rings: Partial<Record<SparklineVital, Ring>>
  /** Pending and active alerts of this agent. */
  alerts: Alert[]
  /** What the filter searches; built when first needed, dropped when the agent's name or attributes change. */
  searchText: string | null
  /** What sorting by name compares; dropped likewise. */
  nameKey: string | null
}

/**
 * All that the page knows. Changed in place by {@link applyLiveMessage}: with 10,000 agents a copy per
 * second would be 30 MB/s of garbage. Whoever draws it watches a version number beside it.
 */
export interface LiveState {
  /** False until the first snapshot. */
  ready: boolean
  /** The aggregator's clock at the last message that was applied. */
  nowMs: number
  serverVersion: string
  updateIntervalMs: number
  /** How many rules watch. */
  rules: number
  health: SwarmHealth | null
  ingest: IngestHealth | null
  agents: Map<string, AgentRow>
  /** Every alert by id: pending, active, and the latest resolved. */
  alerts: Map<string, Alert>
  /** Entries that named an agent nobody introduced, or came before the first snapshot. */
  strangeEntries: number
}

export function createLiveState(): LiveState {
  return {
    ready: false,
    nowMs: 0,
    serverVersion: '',
    updateIntervalMs: 1000,
    rules: 0,
    health: null,
    ingest: null,
    agents: new Map(),
    alerts: new Map(),
    strangeEntries: 0,
  }
}

export function applyLiveMessage(state: LiveState, message: LiveServerMessage): void {
  switch (message.type) {
    case 'hello':
      state.serverVersion = message.version
      state.updateIntervalMs = message.updateIntervalMs
      state.rules = message.rules
      break
    case 'snapshot':
      applySnapshot(state, message)
      break
    case 'metrics:update':
      applyUpdate(state, message)
  }
}

function applySnapshot(state: LiveState, message: Extract<LiveServerMessage, { type: 'snapshot' }>): void {
  state.ready = true
  state.nowMs = message.nowMs
  state.health = message.health
  state.ingest = message.ingest
  state.agents = new Map()
  for (const agent of message.agents) {
    const row = createRow(agent)
    const sparklines = message.sparklines[agent.id]
    for (const vital of sparklineVitals) {
      const line = sparklines?.[vital]
      line?.values.forEach((value, index) => {
        writeVital(row, vital, line.startMs + index * line.stepMs, value)
      })
      writeVital(row, vital, agent.lastSeenMs, agent.vitals[vital])
    }
    forgetVitalsOfGone(agent)
    state.agents.set(agent.id, row)
  }
  state.alerts = new Map(message.alerts.map((alert) => [alert.id, alert]))
  forgetOldResolvedAlerts(state)
  linkAlertsToAgents(state)
}

function applyUpdate(
  state: LiveState,
  message: Extract<LiveServerMessage, { type: 'metrics:update' }>,
): void {
  if (!state.ready) {
    state.strangeEntries++
    return
  }
  state.nowMs = message.nowMs
  state.health = message.health
  state.ingest = message.ingest
  for (const agent of message.agents) introduceAgent(state, agent)
  applyVitals(state, message.vitals)
  for (const id of message.removedAgents) state.agents.delete(id)
  for (const alert of message.alerts) state.alerts.set(alert.id, alert)
  if (message.alerts.length > 0) forgetOldResolvedAlerts(state)
  if (message.alerts.length > 0 || message.agents.length > 0) linkAlertsToAgents(state)
}

function applyVitals(state: LiveState, columns: LiveUpdate['vitals']): void {
  columns.agents.forEach((id, index) => {
    const row = state.agents.get(id)
    if (!row) {
      state.strangeEntries++
      return
    }
    row.agent.status = columns.status[index] ?? row.agent.status
    row.agent.lastSeenMs = columns.lastSeenMs[index] ?? row.agent.lastSeenMs
    for (const vital of vitalColumns) row.agent.vitals[vital] = columns[vital][index] ?? null
    for (const vital of sparklineVitals) {
      writeVital(row, vital, row.agent.lastSeenMs, row.agent.vitals[vital])
    }
    forgetVitalsOfGone(row.agent)
  })
}

type LiveUpdate = Extract<LiveServerMessage, { type: 'metrics:update' }>

/** A known agent keeps its history when its name or attributes change. */
function introduceAgent(state: LiveState, agent: Agent): void {
  const known = state.agents.get(agent.id)
  const row = createRow(agent)
  if (known) row.rings = known.rings
  state.agents.set(agent.id, row)
}

/** What an agent used before it went is history: its sparklines and charts keep it. Now, nothing is known. */
function forgetVitalsOfGone(agent: Agent): void {
  if (agent.status !== 'offline' && agent.status !== 'left') return
  for (const vital of vitalColumns) agent.vitals[vital] = null
}

function createRow(agent: Agent): AgentRow {
  return { agent, rings: {}, alerts: [], searchText: null, nameKey: null }
}

function writeVital(row: AgentRow, vital: SparklineVital, timeMs: number, value: number | null): void {
  let ring = row.rings[vital]
  if (!ring) {
    if (value === null) return
    ring = createRing()
    row.rings[vital] = ring
  }
  writeRing(ring, timeMs, value)
}

function forgetOldResolvedAlerts(state: LiveState): void {
  const resolved = [...state.alerts.values()].filter((alert) => alert.state === 'resolved')
  if (resolved.length <= keptResolvedAlerts) return
  resolved.sort((a, b) => (b.resolvedAtMs ?? 0) - (a.resolvedAtMs ?? 0))
  for (const alert of resolved.slice(keptResolvedAlerts)) state.alerts.delete(alert.id)
}

function linkAlertsToAgents(state: LiveState): void {
  for (const row of state.agents.values()) if (row.alerts.length > 0) row.alerts = []
  for (const alert of state.alerts.values()) {
    if (alert.state === 'resolved') continue
    const agentId = agentOfAlert(alert)
    if (agentId !== null) state.agents.get(agentId)?.alerts.push(alert)
  }
}

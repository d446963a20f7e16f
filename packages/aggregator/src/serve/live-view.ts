import { swarmHealth } from '@perfmon/core'
import type {
  Agent,
  Alert,
  IngestHealth,
  LiveServerMessage,
  SwarmHealth,
  VitalColumns,
} from '@perfmon/protocol'
import { vitalNames } from '@perfmon/protocol'
import type { AgentTable } from '../store/agent-table.ts'
import type { Store } from '../store/store.ts'
import type { VitalHistory } from '../store/vital-history.ts'

export interface LiveViewOptions {
  readonly agents: AgentTable
  readonly store: Store
  readonly history: VitalHistory
  readonly ingest: (nowMs: number) => Promise<IngestHealth>
}

/** What screens show, refreshed once per tick and then the same for every reader. */
export interface LiveView {
  /** Reads what changed since the last call and returns the update for readers that have the last one. */
  refresh(nowMs: number): Promise<Extract<LiveServerMessage, { type: 'metrics:update' }>>
  /** Everything, as of the last refresh. */
  snapshot(nowMs: number): Extract<LiveServerMessage, { type: 'snapshot' }>
  health(): SwarmHealth
}

const maxOpenAlerts = 1_000
const maxResolvedAlerts = 50
/** Five minutes of ten thousand agents are 20 MB of text; screens fill the rest from the updates they see. */
const maxSparklineAgents = 300

export function createLiveView({ agents, store, history, ingest }: LiveViewOptions): LiveView {
  let health = swarmHealth(agents.list(), [])
  let ingestHealth: IngestHealth = { samplesPerSecond: 0, series: 0, droppedPoints: 0, storeBytes: 0 }
  let alerts: Alert[] = []
  // The objects of the agent table are replaced when they change: identity tells what is new.
  let shown = new Map<string, Agent>()
  let shownAlerts = new Map<string, number>()

  return {
    async refresh(nowMs) {
      const [open, resolved, ingestNow] = await Promise.all([
        store.listAlerts(['pending', 'active'], maxOpenAlerts),
        store.listAlerts(['resolved'], maxResolvedAlerts),
        ingest(nowMs),
      ])
      alerts = [...open, ...resolved.filter((alert) => alert.activeSinceMs !== null)]
      // A pending alert that was withdrawn must reach the readers too, or they would show it for ever.
      const withdrawn = resolved.filter((alert) => alert.activeSinceMs === null && shownAlerts.has(alert.id))
      const now = agents.list()
      health = swarmHealth(now, open)
      ingestHealth = ingestNow

      const changed = now.filter((agent) => shown.get(agent.id) !== agent)
      const current = new Map(now.map((agent) => [agent.id, agent]))
      const changedAlerts = [...alerts, ...withdrawn].filter(
        (alert) => shownAlerts.get(alert.id) !== alert.updatedAtMs,
      )
      const update: Extract<LiveServerMessage, { type: 'metrics:update' }> = {
        type: 'metrics:update',
        nowMs,
        health,
        ingest: ingestHealth,
        vitals: vitalColumns(changed),
        agents: changed.filter((agent) => isNewToReaders(agent, shown.get(agent.id))),
        removedAgents: [...shown.keys()].filter((id) => !current.has(id)),
        alerts: changedAlerts,
      }
      shown = current
      shownAlerts = new Map(alerts.map((alert) => [alert.id, alert.updatedAtMs]))
      return update
    },

    snapshot(nowMs) {
      const now = [...shown.values()]
      return {
        type: 'snapshot',
        nowMs,
        health,
        ingest: ingestHealth,
        agents: now,
        sparklines: Object.fromEntries(
          now.slice(0, maxSparklineAgents).map((agent) => [agent.id, history.read(agent.id, nowMs)]),
        ),
        alerts,
      }
    },

    health: () => health,
  }
}

function isNewToReaders(agent: Agent, before: Agent | undefined): boolean {
  if (!before || before.name !== agent.name || before.swarm !== agent.swarm) return true
  const keys = Object.keys(agent.attributes)
  return (
    keys.length !== Object.keys(before.attributes).length ||
    keys.some((key) => agent.attributes[key] !== before.attributes[key])
  )
}

function vitalColumns(agents: readonly Agent[]): VitalColumns {
  const columns: VitalColumns = {
    agents: [],
    lastSeenMs: [],
    status: [],
    cpu: [],
    memory: [],
    responseTime: [],
    errorRate: [],
    activeConnections: [],
    requestRate: [],
    eventLoop: [],
  }
  for (const agent of agents) {
    columns.agents.push(agent.id)
    columns.lastSeenMs.push(agent.lastSeenMs)
    columns.status.push(agent.status)
    for (const name of vitalNames) {
      const value = agent.vitals[name]
      // Four digits are more than a screen shows and a third of the bytes.
      columns[name].push(value === null ? null : Number(value.toPrecision(4)))
    }
  }
  return columns
}

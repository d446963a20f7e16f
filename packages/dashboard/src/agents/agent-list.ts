import type { Severity } from '@perfmon/protocol'
import type { AgentRow } from '../live/live-state.ts'

export interface SwarmHeading {
  kind: 'swarm'
  swarm: string
  agents: number
  /** Agents in trouble: an active alert, in error or offline. */
  troubled: number
  worst: Severity | null
  closed: boolean
}

export type ListItem = SwarmHeading | { kind: 'agent'; row: AgentRow }

/**
 * Sorted agents as one flat list with a heading before each swarm. Swarms stand in the order of their
 * first agent, so that any sorting of agents sorts the swarms too. A closed swarm is its heading alone.
 */
export function groupBySwarm(sorted: readonly AgentRow[], closedSwarms: ReadonlySet<string>): ListItem[] {
  const groups = new Map<string, AgentRow[]>()
  for (const row of sorted) {
    const group = groups.get(row.agent.swarm)
    if (group) group.push(row)
    else groups.set(row.agent.swarm, [row])
  }
  const items: ListItem[] = []
  for (const [swarm, rows] of groups) {
    const closed = closedSwarms.has(swarm)
    items.push({ kind: 'swarm', swarm, agents: rows.length, ...troubleIn(rows), closed })
    if (!closed) for (const row of rows) items.push({ kind: 'agent', row })
  }
  return items
}

/** The same without headings. */
export function listFlat(sorted: readonly AgentRow[]): ListItem[] {
  return sorted.map((row) => ({ kind: 'agent', row }))
}

function troubleIn(rows: readonly AgentRow[]): { troubled: number; worst: Severity | null } {
  let troubled = 0
  let worst: Severity | null = null
  for (const row of rows) {
    const severity = severityOf(row)
    if (severity !== null || row.agent.status === 'error' || row.agent.status === 'offline') troubled++
    if (severity === 'critical' || worst === null) worst = severity ?? worst
  }
  return { troubled, worst }
}

/** Worst severity among the agent's active alerts; pending ones are not counted. */
export function severityOf(row: AgentRow): Severity | null {
  let worst: Severity | null = null
  for (const alert of row.alerts) {
    if (alert.state !== 'active') continue
    if (alert.severity === 'critical') return 'critical'
    worst = 'warning'
  }
  return worst
}

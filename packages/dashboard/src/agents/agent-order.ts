import type { VitalName } from '@perfmon/protocol'
import type { AgentRow } from '../live/live-state.ts'

export const sortKeys = [
  'status',
  'name',
  'cpu',
  'memory',
  'responseTime',
  'errorRate',
  'requestRate',
  'lastSeen',
] as const
export type SortKey = (typeof sortKeys)[number]

export interface AgentSort {
  key: SortKey
  descending: boolean
}

/** Worst first: what somebody wants to see who asks what is wrong. */
export const defaultSort: AgentSort = { key: 'status', descending: true }

/** The direction in which a column is first sorted: most first for numbers, A first for names. */
export function firstDirection(key: SortKey): boolean {
  return key !== 'name'
}

/**
 * How bad an agent is off, 8 = worst. By classes and not by a mixed score, so that rows stay where they are
 * while nothing changes its class, and the reason for a place can be seen in the row.
 */
export function badness(row: AgentRow): number {
  let pending = false
  let warning = false
  for (const alert of row.alerts) {
    if (alert.state === 'active' && alert.severity === 'critical') return 8
    if (alert.state === 'active') warning = true
    else pending = true
  }
  const { status } = row.agent
  if (status === 'error') return 7
  if (status === 'offline') return 6
  if (warning) return 5
  if (status === 'busy') return 4
  if (pending) return 3
  if (status === 'active') return 2
  return status === 'idle' ? 1 : 0
}

/** Name as compared: swarm first, numbers by value (`agent-2` before `agent-10`). */
function nameKeyOf(row: AgentRow): string {
  row.nameKey ??= [row.agent.swarm, row.agent.name, row.agent.id]
    .map((part) =>
      part
        .slice(0, 120)
        .toLowerCase()
        .replace(/\d+/g, (digits) => digits.padStart(10, '0')),
    )
    .join('\u0000')
  return row.nameKey
}

function byName(a: AgentRow, b: AgentRow): number {
  const left = nameKeyOf(a)
  const right = nameKeyOf(b)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Sorted copy. Unknown values come last in both directions; equal ones are ordered by swarm and name. */
export function sortAgents(rows: readonly AgentRow[], { key, descending }: AgentSort): AgentRow[] {
  const sign = descending ? -1 : 1
  const sorted = [...rows]
  if (key === 'name') return sorted.sort((a, b) => sign * byName(a, b))
  const value = valueReader(key)
  const values = new Map(sorted.map((row) => [row, value(row)]))
  return sorted.sort((a, b) => {
    const left = values.get(a) ?? null
    const right = values.get(b) ?? null
    if (left === right) return byName(a, b)
    if (left === null) return 1
    if (right === null) return -1
    return sign * (left - right)
  })
}

function valueReader(key: Exclude<SortKey, 'name'>): (row: AgentRow) => number | null {
  // Among equally bad ones, more alerts are worse.
  if (key === 'status') return (row) => badness(row) + Math.min(row.alerts.length, 99) / 100
  if (key === 'lastSeen') return (row) => row.agent.lastSeenMs
  const vital: VitalName = key
  return (row) => row.agent.vitals[vital]
}

/**
 * The order that is on the screen, kept while the pointer is over the table: a row must not slip away from
 * under a click. Who left is taken out, who is new comes last.
 */
export function keepOrder(shown: readonly AgentRow[], wanted: readonly AgentRow[]): AgentRow[] {
  const byId = new Map(wanted.map((row) => [row.agent.id, row]))
  const kept: AgentRow[] = []
  for (const row of shown) {
    const present = byId.get(row.agent.id)
    if (!present) continue
    kept.push(present)
    byId.delete(row.agent.id)
  }
  return [...kept, ...byId.values()]
}

import { type AgentIdentity, isOffline, workStatus } from '@perfmon/core'
import type { Agent, NewEvent, Vitals } from '@perfmon/protocol'
import { vitalNames } from '@perfmon/protocol'
import type { AgentTable } from '../store/agent-table.ts'

/** How an agent said goodbye. */
export interface Exit {
  readonly code: number
  readonly reason: string
}

export interface AgentReport {
  readonly agent: AgentIdentity
  readonly source: Agent['source']
  readonly vitals: Vitals
  readonly nowMs: number
  readonly exit: Exit | null
}

export interface AgentRegisterOptions {
  readonly table: AgentTable
  readonly maxAgents: number
  /** Since when this process could hear anybody. */
  readonly listeningSinceMs: number
}

/**
 * Who is there and how they are: the only writer of the agent table. What changed is collected for the next
 * save; a reporting agent that is saved a second late is not lost, because it reports again.
 */
export interface AgentRegister {
  /** Whether the agent is known or may join, beside `joining` others of the same request. */
  admits(id: string, joining: number): boolean
  /** Takes a report; true when the agent is new, and must be saved before its samples are acknowledged. */
  report(report: AgentReport): boolean
  /** The agent is not expected to report any more, as its place was taken off the lists: it left. */
  dismiss(id: string, nowMs: number, reason: string): void
  /** When the agent last reported, NaN when it never did. */
  lastReportMs(id: string): number
  /** Notices who fell silent, and forgets who has been gone for long. */
  sweep(nowMs: number): void
  /** What to save since the last call. On failure hand it back with {@link AgentRegister.keep}. */
  takeChanges(): AgentChanges
  keep(changes: AgentChanges): void
  stats(): { droppedEvents: number }
}

export interface AgentChanges {
  readonly agents: Agent[]
  readonly events: NewEvent[]
}

/** A vital sign that a report does not mention is still shown for this long: an agent between two requests is not unknown. */
const vitalKeptMs = 15_000
/** An agent that left as it should is listed for an hour, one that vanished for a day. */
export const forgetLeftAfterMs = 3_600_000
export const forgetOfflineAfterMs = 86_400_000
/** How often `lastSeenMs` of an unchanged agent is written. */
const saveEveryMs = 10_000
const maxKeptEvents = 10_000

/** Whether a stored agent is still worth listing. */
export function isForgotten(agent: Agent, nowMs: number): boolean {
  const silentMs = nowMs - agent.lastSeenMs
  return silentMs > (agent.status === 'left' ? forgetLeftAfterMs : forgetOfflineAfterMs)
}

export function createAgentRegister({
  table,
  maxAgents,
  listeningSinceMs,
}: AgentRegisterOptions): AgentRegister {
  const vitalTimes = new Map<string, Record<string, number>>()
  const savedAtMs = new Map<string, number>()
  const changed = new Set<string>()
  let events: NewEvent[] = []
  let droppedEvents = 0

  function tell(event: NewEvent) {
    if (events.length < maxKeptEvents) events.push(event)
    else droppedEvents += 1
  }

  function mergedVitals(id: string, before: Vitals | undefined, now: Vitals, nowMs: number): Vitals {
    let times = vitalTimes.get(id)
    if (!times) {
      times = {}
      vitalTimes.set(id, times)
    }
    const merged: Vitals = { ...now }
    for (const name of vitalNames) {
      if (now[name] !== null) times[name] = nowMs
      else if (before && nowMs - (times[name] ?? 0) <= vitalKeptMs) merged[name] = before[name]
    }
    return merged
  }

  /** The agent's own word, else what was seen: the shortest recent gap is right, longer ones had a loss in them. */
  function interval(agent: AgentIdentity, before: Agent | undefined, nowMs: number): number | null {
    if (agent.reportIntervalMs !== null) return agent.reportIntervalMs
    if (!before) return null
    const gapMs = nowMs - before.lastSeenMs
    if (gapMs < 50) return before.reportIntervalMs
    if (before.reportIntervalMs === null) return gapMs
    return Math.min(gapMs, before.reportIntervalMs * 1.1)
  }

  function remember(agent: Agent, isImportant: boolean) {
    table.put(agent)
    if (isImportant || agent.lastSeenMs - (savedAtMs.get(agent.id) ?? 0) >= saveEveryMs) {
      savedAtMs.set(agent.id, agent.lastSeenMs)
      changed.add(agent.id)
    }
  }

  return {
    stats: () => ({ droppedEvents }),
    admits(id, joining) {
      const known = table.get(id)
      // Nobody reports as one of the aggregator's own collectors.
      return known ? known.source !== 'collector' : table.size + joining < maxAgents
    },

    report({ agent, source, vitals, nowMs, exit }) {
      const before = table.get(agent.id)
      const who = { agentId: agent.id, name: agent.name, swarm: agent.swarm }
      const isCrash = exit !== null && exit.reason === 'crash'
      const merged = mergedVitals(agent.id, before?.vitals, vitals, nowMs)
      const status = exit === null ? workStatus(merged) : isCrash ? 'offline' : 'left'
      const next: Agent = {
        id: agent.id,
        name: agent.name,
        swarm: agent.swarm,
        source,
        status,
        firstSeenMs: before?.firstSeenMs ?? nowMs,
        lastSeenMs: nowMs,
        reportIntervalMs: interval(agent, before, nowMs),
        vitals: merged,
        attributes: agent.attributes,
      }
      // A collector is no agent: it neither joins nor is missed.
      if (source === 'collector') {
        remember({ ...next, status: 'active' }, !before)
        return !before
      }
      const wasGone = before?.status === 'offline' || before?.status === 'left'
      if (!before) tell({ type: 'agent-joined', timeMs: nowMs, ...who })
      else if (wasGone && exit === null) tell({ type: 'agent-back', timeMs: nowMs, ...who })
      if (exit !== null && before?.status !== status) {
        if (isCrash) tell({ type: 'agent-offline', timeMs: nowMs, ...who })
        else tell({ type: 'agent-left', timeMs: nowMs, ...who, exitCode: exit.code, reason: exit.reason })
      }
      remember(next, !before || before.status !== status)
      return !before
    },

    dismiss(id, nowMs, reason) {
      const agent = table.get(id)
      if (!agent || agent.status === 'left') return
      const who = { agentId: id, name: agent.name, swarm: agent.swarm }
      tell({ type: 'agent-left', timeMs: nowMs, ...who, exitCode: 0, reason })
      remember({ ...agent, status: 'left' }, true)
    },

    lastReportMs: (id) => table.get(id)?.lastSeenMs ?? Number.NaN,

    sweep(nowMs) {
      for (const agent of table.list()) {
        if (isForgotten(agent, nowMs)) {
          table.remove(agent.id)
          vitalTimes.delete(agent.id)
          savedAtMs.delete(agent.id)
          changed.delete(agent.id)
        } else if (
          agent.status !== 'offline' &&
          agent.status !== 'left' &&
          isOffline(agent, nowMs, listeningSinceMs)
        ) {
          tell({
            type: 'agent-offline',
            timeMs: nowMs,
            agentId: agent.id,
            name: agent.name,
            swarm: agent.swarm,
          })
          remember({ ...agent, status: 'offline' }, true)
        }
      }
    },

    takeChanges() {
      const changes: AgentChanges = {
        agents: [...changed].map((id) => table.get(id)).filter((agent) => agent !== undefined),
        events,
      }
      changed.clear()
      events = []
      return changes
    },

    keep(changes) {
      for (const agent of changes.agents) if (table.get(agent.id)) changed.add(agent.id)
      const all = [...changes.events, ...events]
      events = all.slice(0, maxKeptEvents)
      droppedEvents += all.length - events.length
    },
  }
}

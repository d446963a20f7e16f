import type { AbsenceRule, Agent } from '@perfmon/protocol'

/** What the absence rule looks at. `listeningSinceMs`: before it nobody could have heard the agent. */
export interface Presence {
  readonly agent: Pick<Agent, 'lastSeenMs' | 'reportIntervalMs'>
  readonly nowMs: number
  readonly listeningSinceMs: number
}

/** Interval assumed of an agent that declared none and reported once: OpenTelemetry's default. */
export const assumedIntervalMs = 60_000

/** After how long a silence an agent counts as offline, in milliseconds. */
export function allowedSilenceMs(
  rule: Pick<AbsenceRule, 'missedReports' | 'minimumMs'>,
  agent: Presence['agent'],
): number {
  return Math.max(rule.minimumMs, rule.missedReports * (agent.reportIntervalMs ?? assumedIntervalMs))
}

/**
 * Seconds-precise silence of an agent in milliseconds. After a restart of the aggregator it counts from
 * the restart: the agents were not silent, nobody listened.
 */
export function silenceMs({ agent, nowMs, listeningSinceMs }: Presence): number {
  return Math.max(0, nowMs - Math.max(agent.lastSeenMs, listeningSinceMs))
}

/**
 * Offline agents whose place was taken: an agent of the same name and swarm that joined after the other fell silent
 * replaces one of them, the longest silent first. A restarted process has a new instance id; without this its
 * predecessor would be mourned for ever. A replacement stays one when it is lost itself: that is its own loss.
 */
export function replacedAgents(agents: readonly Agent[]): Set<string> {
  const role = (agent: Agent) => JSON.stringify([agent.swarm, agent.name])
  const gone = agents.filter(({ status }) => status === 'offline').sort((a, b) => a.lastSeenMs - b.lastSeenMs)
  const replaced = new Set<string>()
  if (gone.length === 0) return replaced
  const candidates = Map.groupBy(agents, role)
  for (const agent of gone) {
    const others = candidates.get(role(agent)) ?? []
    const index = others.findIndex((other) => other.firstSeenMs > agent.lastSeenMs)
    if (index < 0) continue
    others.splice(index, 1)
    replaced.add(agent.id)
  }
  return replaced
}

import type { Agent, Alert, SwarmHealth } from '@perfmon/protocol'
import { replacedAgents } from '../evaluate/absence.ts'

/** Points off for the share of agents in trouble; a swarm whose every agent is offline has none left. */
const weights = { offline: 100, error: 60, busy: 20 } as const
/** Points off per active alert, up to a bound, so that one bad agent among a thousand is still seen. */
const alertPoints = { critical: 12, warning: 4, most: 50 } as const
const maxReasons = 5

/**
 * Health of a swarm from 0 to 100 with the reasons, worst first: 100 minus the weighted share of agents in
 * trouble, minus points per active alert. Bands: critical below 60 or with a critical alert, warning below
 * 90 or with any alert. The weights are ours; what is promised is the order: nothing wrong is 100, more wrong is less.
 */
export function swarmHealth(agents: readonly Agent[], openAlerts: readonly Alert[]): SwarmHealth {
  const counts = { total: agents.length, active: 0, idle: 0, busy: 0, error: 0, offline: 0, left: 0 }
  let requestRate = 0
  let servedWeight = 0
  let servedTime = 0
  let errorWeight = 0
  let errors = 0
  const replaced = replacedAgents(agents)
  for (const agent of agents) {
    // A lost agent whose place was taken is the past, like one that left.
    counts[replaced.has(agent.id) ? 'left' : agent.status] += 1
    if (agent.status === 'offline' || agent.status === 'left') continue
    const rate = agent.vitals.requestRate ?? 0
    requestRate += rate
    if (agent.vitals.responseTime !== null && rate > 0) {
      servedWeight += rate
      servedTime += rate * agent.vitals.responseTime
    }
    if (agent.vitals.errorRate !== null && rate > 0) {
      errorWeight += rate
      errors += rate * agent.vitals.errorRate
    }
  }
  const active = openAlerts.filter((alert) => alert.state === 'active')
  const critical = active.filter((alert) => alert.severity === 'critical')
  const alerts = {
    critical: critical.length,
    warning: active.length - critical.length,
    pending: openAlerts.length - active.length,
  }

  // Agents that left are no part of the swarm any more.
  const present = Math.max(1, counts.total - counts.left)
  const trouble =
    (weights.offline * counts.offline + weights.error * counts.error + weights.busy * counts.busy) / present
  const byAlerts = Math.min(
    alertPoints.most,
    alertPoints.critical * alerts.critical + alertPoints.warning * alerts.warning,
  )
  const score = Math.round(Math.max(0, Math.min(100, 100 - trouble - byAlerts)))
  const band =
    alerts.critical > 0 || score < 60 ? 'critical' : alerts.warning > 0 || score < 90 ? 'warning' : 'good'
  return {
    score,
    band,
    reasons: reasons(counts, active),
    agents: counts,
    alerts,
    requestRate,
    responseTime: servedWeight > 0 ? servedTime / servedWeight : null,
    errorRate: errorWeight > 0 ? errors / errorWeight : null,
  }
}

function reasons(counts: SwarmHealth['agents'], active: readonly Alert[]): string[] {
  const worstFirst = active.toSorted(
    (a, b) =>
      Number(b.severity === 'critical') - Number(a.severity === 'critical') ||
      (a.activeSinceMs ?? 0) - (b.activeSinceMs ?? 0),
  )
  const said = worstFirst.slice(0, maxReasons).map((alert) => `${alert.summary}.`)
  if (active.length > maxReasons) said.push(`And ${active.length - maxReasons} more alerts.`)
  if (said.length > 0) return said
  const many = (count: number, what: string) => `${count} ${count === 1 ? 'agent is' : 'agents are'} ${what}.`
  if (counts.offline > 0) said.push(many(counts.offline, 'offline'))
  if (counts.error > 0) said.push(many(counts.error, 'failing'))
  if (counts.busy > 0) said.push(many(counts.busy, 'at the limit of CPU or event loop'))
  return said
}

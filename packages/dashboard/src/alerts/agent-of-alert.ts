import type { Alert } from '@perfmon/protocol'

/** Id of the agent that the alert is about, `null` when it is about none (a swarm, the aggregator). */
export function agentOfAlert(alert: Alert): string | null {
  return alert.labels['agent_id'] || null
}

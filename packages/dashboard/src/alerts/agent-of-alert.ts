import { type Alert, attributeNames } from '@perfmon/protocol'

/** Labels that carry the agent's id, in the order in which they are believed. */
const agentLabels = ['agent', 'agent_id', attributeNames.serviceInstanceId, 'instance'] as const

/** Id of the agent that the alert is about, `null` when it is about none (a swarm, the aggregator). */
export function agentOfAlert(alert: Alert): string | null {
  for (const label of agentLabels) {
    const id = alert.labels[label]
    if (id !== undefined && id !== '') return id
  }
  return null
}

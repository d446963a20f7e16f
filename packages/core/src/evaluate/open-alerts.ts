import type { Alert } from '@perfmon/protocol'

/** Pending and active alerts, found by fingerprint and by agent: an agent that goes must not cost a look at all. */
export interface OpenAlerts {
  get(fingerprint: string): Alert | undefined
  put(alert: Alert): void
  remove(alert: Alert): void
  /** The caller's own list: alerts may be removed while it is walked. */
  ofAgent(agentId: string): Alert[]
  all(): Alert[]
  readonly size: number
}

export function createOpenAlerts(stored: readonly Alert[]): OpenAlerts {
  const byFingerprint = new Map<string, Alert>()
  const byAgent = new Map<string, Set<string>>()
  const agentOf = (alert: Alert) => alert.labels.agent_id ?? ''

  function put(alert: Alert) {
    byFingerprint.set(alert.fingerprint, alert)
    const ofAgent = byAgent.get(agentOf(alert))
    if (ofAgent) ofAgent.add(alert.fingerprint)
    else byAgent.set(agentOf(alert), new Set([alert.fingerprint]))
  }
  for (const alert of stored) put(alert)

  return {
    get: (fingerprint) => byFingerprint.get(fingerprint),
    put,
    remove(alert) {
      byFingerprint.delete(alert.fingerprint)
      const ofAgent = byAgent.get(agentOf(alert))
      ofAgent?.delete(alert.fingerprint)
      if (ofAgent?.size === 0) byAgent.delete(agentOf(alert))
    },
    ofAgent: (agentId) =>
      [...(byAgent.get(agentId) ?? [])].map((fingerprint) => byFingerprint.get(fingerprint)!),
    all: () => [...byFingerprint.values()],
    get size() {
      return byFingerprint.size
    },
  }
}

import { attributeNames, defaultSwarm } from '@perfmon/protocol'
import type { AttributeList } from './metric-sink.ts'

/** Who sent a resource's metrics, as far as its attributes tell. */
export interface AgentIdentity {
  readonly id: string
  readonly name: string
  readonly swarm: string
  readonly reportIntervalMs: number | null
  readonly attributes: Readonly<Record<string, string>>
}

/** Longest name, swarm, id or attribute value kept, in UTF-16 units: a bound against hostile senders, not a format. */
const maxTextLength = 256
const maxAttributes = 64

/**
 * Reads the identity out of resource attributes (semantic conventions, `service.*`). Without
 * `service.instance.id` the process is told apart by what there is: name, host and pid.
 */
export function agentIdentity(resource: AttributeList): AgentIdentity {
  const attributes: Record<string, string> = {}
  let kept = 0
  for (const [key, value] of resource) {
    if (kept === maxAttributes) break
    attributes[key.slice(0, maxTextLength)] = String(value).slice(0, maxTextLength)
    kept += 1
  }
  const text = (key: string) => attributes[key] || undefined
  const name = text(attributeNames.serviceName) ?? 'unknown_service'
  const swarm = text(attributeNames.serviceNamespace) ?? defaultSwarm
  const place = [text(attributeNames.hostName), text(attributeNames.processPid)].filter(Boolean).join(':')
  const interval = Number(text(attributeNames.reportInterval))
  return {
    id: text(attributeNames.serviceInstanceId) ?? [swarm, name, place].filter(Boolean).join('/'),
    name,
    swarm,
    reportIntervalMs: Number.isFinite(interval) && interval > 0 ? Math.min(interval, 86_400_000) : null,
    attributes,
  }
}

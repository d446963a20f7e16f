import { attributeNames } from '@perfmon/protocol'

/** An agent to poll, as a source of discovery tells it. */
export interface Target {
  /** `ws://HOST:PORT/PATH`, as {@link agentAddresses} writes it: two targets with the same one are one agent. */
  readonly url: string
  /** Become attributes of the agent; `service.namespace` is its swarm and `service.name` its name. */
  readonly labels: Readonly<Record<string, string>>
  /** Nobody may be there, and that is no fault: one port of a range. */
  readonly isMaybe?: boolean
}

/** Most targets of one source: a source that goes wild must not take the aggregator's memory with it. */
export const mostTargets = 5_000
const mostLabels = 32
const longestText = 256

/** Short words that people write for attributes which every agent has. */
const shortNames: Readonly<Record<string, string>> = {
  swarm: attributeNames.serviceNamespace,
  name: attributeNames.serviceName,
  job: attributeNames.serviceName,
}

/**
 * Labels as attributes: `swarm`, `name` and `job` (Prometheus's word for it) have their names there, what begins with
 * `__` was for the way to the target and is left out.
 */
export function attributesOfLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const attributes: Record<string, string> = {}
  let kept = 0
  for (const [label, value] of Object.entries(labels)) {
    if (label.startsWith('__') || value === '' || kept === mostLabels) continue
    const name = (Object.hasOwn(shortNames, label) ? shortNames[label]! : label).slice(0, longestText)
    // No agent speaks as another because a label says so.
    if (reserved.has(name)) continue
    attributes[name] = value.slice(0, longestText)
    kept += 1
  }
  return attributes
}

const reserved = new Set<string>([
  attributeNames.serviceInstanceId,
  attributeNames.agentDialAddress,
  attributeNames.agentWebSocketUrl,
  '__proto__',
])

import type { Alert, Rule, Severity } from '@perfmon/protocol'
import { renderQuantity } from '../configuration/render-quantity.ts'
import type { ScopedAgent } from './rule-scope.ts'

export interface AlertOccurrence {
  readonly rule: Rule
  readonly agent: ScopedAgent
  /** What tells this occurrence apart from others of the rule on the agent; empty when there is only one. */
  readonly identity: string
  /** The series' attributes as labels, for people and receivers. */
  readonly seriesLabels: Readonly<Record<string, string>>
  readonly severity: Severity
  readonly state: 'pending' | 'active'
  readonly value: number | null
  readonly threshold: number | null
  readonly unit: string
  readonly pendingSinceMs: number
  readonly activeSinceMs: number | null
  readonly nowMs: number
}

/** The record of one occurrence of an alert. The same rule, agent and series give the same fingerprint for ever. */
export function alertRecord(occurrence: AlertOccurrence): Alert {
  const { rule, agent, severity, value, threshold, unit } = occurrence
  const fingerprint = fingerprintOf(rule.name, agent.id, occurrence.identity)
  return {
    id: `${fingerprint}-${Math.round(occurrence.pendingSinceMs)}`,
    fingerprint,
    rule: rule.name,
    severity,
    state: occurrence.state,
    labels: {
      ...rule.labels,
      ...occurrence.seriesLabels,
      alertname: rule.name,
      agent: agent.name,
      agent_id: agent.id,
      swarm: agent.swarm,
    },
    summary: summaryOf(rule, agent, value, threshold, unit),
    unit,
    value,
    threshold,
    pendingSinceMs: occurrence.pendingSinceMs,
    activeSinceMs: occurrence.activeSinceMs,
    resolvedAtMs: null,
    resolveReason: null,
    updatedAtMs: occurrence.nowMs,
  }
}

/** Fills `{{agent}}`, `{{swarm}}`, `{{value}}` and `{{threshold}}`; anything else between braces stays as written. */
export function summaryOf(
  rule: Rule,
  agent: ScopedAgent,
  value: number | null,
  threshold: number | null,
  unit: string,
): string {
  const words: Record<string, string> = {
    agent: agent.name,
    swarm: agent.swarm,
    value: value === null ? 'unknown' : renderQuantity(value, unit),
    threshold: threshold === null ? 'none' : renderQuantity(threshold, unit),
  }
  return rule.summary.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (written, word: string) =>
    Object.hasOwn(words, word) ? words[word]! : written,
  )
}

/**
 * 64-bit FNV-1a over the identity, as 16 hex digits (http://www.isthe.com/chongo/tech/comp/fnv/): short
 * enough for a URL, stable over restarts, no dependency in the core. Not a defence against collisions on purpose.
 */
export function fingerprintOf(rule: string, agentId: string, identity: string): string {
  const parts = [rule, agentId, identity]
  let hash = 0xcbf29ce484222325n
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      hash = ((hash ^ BigInt(part.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn
    }
    hash = ((hash ^ 0xffn) * 0x100000001b3n) & 0xffffffffffffffffn
  }
  return hash.toString(16).padStart(16, '0')
}

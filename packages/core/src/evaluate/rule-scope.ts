import type { Rule, Series, ThresholdRule } from '@perfmon/protocol'
import { vitalMetrics } from '@perfmon/protocol'

/** The part of an agent that rules choose by. */
export interface ScopedAgent {
  readonly id: string
  readonly name: string
  readonly swarm: string
}

/** Whether a rule watches this agent at all. */
export function coversAgent(rule: Rule, agent: ScopedAgent): boolean {
  return (
    (rule.swarms.length === 0 || rule.swarms.includes(agent.swarm)) &&
    (rule.agents.length === 0 || rule.agents.includes(agent.name))
  )
}

/** Whether a threshold rule watches this series of an agent it covers. Histogram parts are never compared as they are. */
export function coversSeries(rule: ThresholdRule, series: Series): boolean {
  if (series.part !== 'value') return false
  if ('vital' in rule.target) return series.metric === vitalMetrics[rule.target.vital]
  if (series.metric !== rule.target.metric) return false
  return Object.entries(rule.target.attributes).every(
    ([key, value]) => String(series.attributes[key]) === value,
  )
}

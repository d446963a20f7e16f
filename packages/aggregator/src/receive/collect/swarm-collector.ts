import type { Agent } from '@perfmon/protocol'
import type { AgentTable } from '../../store/agent-table.ts'
import { type CollectedPoint, type Collector, gauge } from './collector.ts'
import type { CollectorLevel } from './collector-settings.ts'

const mostSwarms = 100

/**
 * Each swarm as a whole, out of the latest vital signs of its agents: no agent is asked for it. Shares and durations are
 * weighted by what an agent serves; agents that are gone count in nothing but their state.
 */
export function swarmCollector({
  level,
  agents,
}: {
  level: CollectorLevel
  agents: Pick<AgentTable, 'list'>
}): Collector {
  return {
    collect() {
      const swarms = new Map<string, Agent[]>()
      let left = 0
      for (const agent of agents.list()) {
        const known = swarms.get(agent.swarm)
        if (known) known.push(agent)
        else if (swarms.size < mostSwarms) swarms.set(agent.swarm, [agent])
        else left++
      }
      const points = [...swarms].flatMap(([swarm, members]) => pointsOf(swarm, members, level))
      return left === 0 ? points : [...points, gauge('perfmon.swarm.omitted.agent', '{agent}', left, {})]
    },
  }
}

function pointsOf(swarm: string, members: readonly Agent[], level: CollectorLevel): CollectedPoint[] {
  const attributes = { 'perfmon.swarm': swarm }
  const present = members.filter(({ status }) => status !== 'offline' && status !== 'left')
  const points = [
    gauge('perfmon.swarm.agent.present', '{agent}', present.length, attributes),
    gauge(
      'perfmon.swarm.agent.active',
      '{agent}',
      members.filter(({ status }) => status === 'active' || status === 'busy').length,
      attributes,
    ),
    gauge(
      'perfmon.swarm.agent.offline',
      '{agent}',
      members.filter(({ status }) => status === 'offline').length,
      attributes,
    ),
  ]
  const mean = (
    metric: string,
    unit: string,
    vital: 'cpu' | 'memory' | 'errorRate' | 'responseTime' | 'eventLoop',
    isWeighted: boolean,
  ) => {
    let sum = 0
    let weights = 0
    for (const { vitals } of present) {
      const value = vitals[vital]
      const weight = isWeighted ? (vitals.requestRate ?? 0) : 1
      if (value === null) continue
      sum += value * weight
      weights += weight
    }
    // Nobody told: unknown is not zero.
    if (weights > 0) points.push(gauge(metric, unit, sum / weights, attributes))
  }
  mean('perfmon.swarm.cpu.utilization', '1', 'cpu', false)
  mean('perfmon.swarm.error.ratio', '1', 'errorRate', true)
  if (level === 'minimal') return points
  mean('perfmon.swarm.memory.utilization', '1', 'memory', false)
  mean('perfmon.swarm.response.duration', 's', 'responseTime', true)
  const requestRate = present.reduce((sum, { vitals }) => sum + (vitals.requestRate ?? 0), 0)
  points.push(gauge('perfmon.swarm.request.rate', '{request}/s', requestRate, attributes))
  // With one agent there is nobody to share with, and without requests nothing to share.
  if (present.length > 1 && requestRate > 0) {
    const busiest = Math.max(...present.map(({ vitals }) => vitals.requestRate ?? 0))
    points.push(gauge('perfmon.swarm.load.share.max', '1', busiest / requestRate, attributes))
  }
  const idle = present.flatMap(({ vitals }) => (vitals.eventLoop === null ? [] : [1 - vitals.eventLoop]))
  if (idle.length > 0) {
    const share = idle.reduce((sum, one) => sum + one, 0) / idle.length
    points.push(gauge('perfmon.swarm.idle.ratio', '1', share, attributes))
  }
  if (level === 'detailed') mean('perfmon.swarm.eventloop.utilization', '1', 'eventLoop', false)
  return points
}

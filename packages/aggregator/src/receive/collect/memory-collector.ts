import { type Agent, metricNames, vitalMetrics } from '@perfmon/protocol'
import type { AgentTable } from '../../store/agent-table.ts'
import { type Collector, gauge } from './collector.ts'
import type { CollectorLevel } from './collector-settings.ts'

/**
 * Memory of the aggregator's own process, and how near the agents are to their limits: of all present ones the mean and
 * the nearest, out of their latest vital signs.
 */
export function memoryCollector({
  level,
  agents,
}: {
  level: CollectorLevel
  agents: Pick<AgentTable, 'list'>
}): Collector {
  return {
    collect() {
      const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
      const points = [gauge(metricNames.processMemoryUsage, 'By', rss)]
      if (level === 'minimal') return points
      points.push(gauge(metricNames.heapUsed, 'By', heapUsed))
      const shares = agents
        .list()
        .filter(isPresent)
        .flatMap(({ vitals }) => vitals.memory ?? [])
      if (shares.length > 0) {
        const sum = shares.reduce((total, share) => total + share, 0)
        points.push(
          gauge(`${vitalMetrics.memory}.mean`, '1', sum / shares.length),
          gauge(
            `${vitalMetrics.memory}.max`,
            '1',
            shares.reduce((most, share) => Math.max(most, share)),
          ),
        )
      }
      if (level === 'detailed') {
        points.push(
          gauge('perfmon.aggregator.memory.external', 'By', external),
          gauge('perfmon.aggregator.memory.array_buffers', 'By', arrayBuffers),
        )
      }
      return points
    },
  }
}

function isPresent({ status }: Agent): boolean {
  return status !== 'offline' && status !== 'left'
}

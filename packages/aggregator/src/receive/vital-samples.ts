import type { Series, SparklineVital, Vitals } from '@perfmon/protocol'
import { vitalMetrics, vitalNames } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import { sparklineVitals, type VitalHistory } from '../store/vital-history.ts'
import type { IngestBatch } from './ingest-batch.ts'

export interface VitalSamples {
  /** Vital signs become samples like any other; how many were not newer than the last and so left out. */
  take(batch: IngestBatch, agentId: string, vitals: Vitals, timeMs: number): number
  forgetAgent(agentId: string): void
}

const vitalUnits: Record<keyof Vitals, string> = {
  cpu: '1',
  memory: '1',
  responseTime: 's',
  errorRate: '1',
  activeConnections: '{connection}',
  requestRate: '{request}/s',
  eventLoop: '1',
}

export function createVitalSamples(table: SeriesTable, history: VitalHistory): VitalSamples {
  const vitalSeries = new Map<string, (Series | null)[]>()

  function vitalSeriesOf(agentId: string, vital: number): Series | null {
    let known = vitalSeries.get(agentId)
    if (known === undefined) {
      known = []
      vitalSeries.set(agentId, known)
    }
    const series = known[vital]
    if (series && table.byId(series.id) === series) return series
    const name = vitalNames[vital]!
    const found = table.resolve({
      agentId,
      metric: vitalMetrics[name],
      unit: vitalUnits[name],
      kind: 'gauge',
      part: 'value',
      attributes: {},
    })
    known[vital] = found
    return found
  }

  return {
    take(batch: IngestBatch, agentId: string, vitals: Vitals, timeMs: number): number {
      let leftOut = 0
      for (let i = 0; i < vitalNames.length; i++) {
        const name = vitalNames[i]!
        const value = vitals[name]
        if (value === null) continue
        const series = vitalSeriesOf(agentId, i)
        if (!series) continue
        if (!batch.takeDerived(series.id, timeMs, value)) leftOut += 1
        else if (sparklineVitals.includes(name as SparklineVital))
          history.add(agentId, name as SparklineVital, timeMs, value)
      }
      return leftOut
    },
    forgetAgent: (agentId) => void vitalSeries.delete(agentId),
  }
}

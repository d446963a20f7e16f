import { vitalMetrics } from '@perfmon/protocol'
import type { AgentTable } from './agent-table.ts'
import type { SeriesTable } from './series-table.ts'
import type { Store } from './store.ts'
import { sparklineStepMs, sparklineSteps, sparklineVitals, type VitalHistory } from './vital-history.ts'

export interface FillVitalHistoryOptions {
  readonly history: VitalHistory
  readonly store: Store
  readonly agents: AgentTable
  readonly series: SeriesTable
  readonly nowMs: number
}

/** More agents than a screen shows at once are filled by what they report next: a start must not wait for all. */
const maxAgents = 200
const maxSamples = 1_000

/** Puts the last minutes from the store back into memory, so that a restart leaves no hole in the sparklines. */
export async function fillVitalHistory({
  history,
  store,
  agents,
  series,
  nowMs,
}: FillVitalHistoryOptions): Promise<void> {
  const fromMs = nowMs - sparklineSteps * sparklineStepMs
  const recent = agents.list().filter((agent) => agent.lastSeenMs >= fromMs)
  for (const agent of recent.slice(0, maxAgents)) {
    for (const vital of sparklineVitals) {
      const stored = series.ofAgent(agent.id).find((one) => one.metric === vitalMetrics[vital])
      if (!stored) continue
      const { timesMs, values } = await store.readSamples(stored.id, fromMs, nowMs, maxSamples)
      for (let i = 0; i < timesMs.length; i++) history.add(agent.id, vital, timesMs[i]!, values[i]!)
    }
  }
}

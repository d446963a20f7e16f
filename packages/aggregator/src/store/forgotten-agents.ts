import type { AgentRows } from './database/agent-rows.ts'
import type { Database } from './database/open-database.ts'
import type { SeriesRows } from './database/series-rows.ts'
import type { LastSamples } from './samples/last-samples.ts'

export interface ForgottenAgentsOptions {
  readonly database: Database
  readonly agentRows: AgentRows
  readonly seriesRows: SeriesRows
  readonly last: LastSamples
  readonly beforeMs: number
}

/**
 * Every process of a swarm is an agent with series of its own, so without this both lists grow for ever. They
 * are pruned only while the store opens: later the receive stage has the ids in its hands. The series with the
 * highest id stays, because the next id is counted from it.
 */
export const removeForgottenAgents = (options: ForgottenAgentsOptions): void => {
  const { database, agentRows, seriesRows, last, beforeMs } = options
  const forgotten = agentRows.all().filter(({ lastSeenMs }) => lastSeenMs < beforeMs)
  if (forgotten.length === 0) return
  const ids = new Set(forgotten.map(({ id }) => id))
  const series = seriesRows.all()
  for (const { id, agentId } of series) {
    if (last.timeMs(id) >= beforeMs || id === last.size - 1) ids.delete(agentId)
  }
  database.transaction(() => {
    for (const { id, agentId } of series) {
      if (!ids.has(agentId)) continue
      seriesRows.remove(id)
      last.forget(id)
    }
    for (const id of ids) agentRows.remove(id)
  })
}

import type { AgentRows } from './database/agent-rows.ts'
import type { Database } from './database/open-database.ts'
import type { SeriesRows } from './database/series-rows.ts'
import type { LastSamples } from './samples/last-samples.ts'

export interface ForgottenAgentsOptions {
  readonly database: Database
  readonly agentRows: AgentRows
  readonly seriesRows: SeriesRows
  readonly last: LastSamples
  /** Agents not heard of since are forgotten, and their series with them. */
  readonly agentsBeforeMs: number
  /** Series of forgotten agents go when their roll-ups have. */
  readonly seriesBeforeMs: number
}

/** However long roll-ups are kept: at some hundred bytes each, in the database and in memory. */
const maxForgottenSeries = 500_000

/**
 * Every process of a swarm is an agent with series of its own, so without this both lists grow for ever. They
 * are pruned only while the store opens: later the receive stage has the ids in its hands. The series with the
 * highest id stays, because the next id is counted from it.
 */
export const removeForgottenAgents = (options: ForgottenAgentsOptions): void => {
  const { database, agentRows, seriesRows, last, agentsBeforeMs, seriesBeforeMs } = options
  const agents = agentRows.all()
  const kept = new Set(agents.filter(({ lastSeenMs }) => lastSeenMs >= agentsBeforeMs).map(({ id }) => id))
  const series = seriesRows.all()
  for (const { id, agentId } of series) if (last.timeMs(id) >= agentsBeforeMs) kept.add(agentId)
  const orphans = series.filter(({ id, agentId }) => !kept.has(agentId) && id !== last.size - 1)
  const surplus = orphans.length - maxForgottenSeries
  const old = orphans.filter(({ id }, index) => last.timeMs(id) < seriesBeforeMs || index < surplus)
  const forgotten = agents.filter(({ id }) => !kept.has(id))
  if (old.length + forgotten.length === 0) return
  database.transaction(() => {
    for (const { id } of old) {
      seriesRows.remove(id)
      last.forget(id)
    }
    for (const { id } of forgotten) agentRows.remove(id)
  })
}

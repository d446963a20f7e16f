import type { DatabaseSync } from 'node:sqlite'
import { type Matcher, matchLabels, QueryError } from '@perfmon/core/query'
import type { Series } from '@perfmon/protocol'
import type { Labels } from './query.ts'
import type { QueryBudget } from './query-budget.ts'

export interface SelectedSeries {
  readonly series: Series
  readonly labels: Labels
}

/** Rows between two looks at the clock: about a millisecond. */
const rowsPerLook = 500

/** Finds series by their labels. The index on metrics or on agents is used where a matcher asks for one exactly. */
export const createSeriesSelector = (db: DatabaseSync) => {
  const columns = 'SELECT id, agent_id, body FROM series'
  const byMetric = db.prepare(`${columns} WHERE body ->> 'metric' = ? ORDER BY id`)
  const byAgent = db.prepare(`${columns} WHERE agent_id = ? ORDER BY id`)
  const all = db.prepare(`${columns} ORDER BY id`)
  const agents = db.prepare(`SELECT id, body ->> 'name' AS name, body ->> 'swarm' AS swarm FROM agents`)

  const rowsFor = (matchers: readonly Matcher[]) => {
    const exactly = (label: string): string | undefined =>
      matchers.find((matcher) => matcher.label === label && matcher.is === '=')?.value
    const metric = exactly('metric')
    if (metric !== undefined) return byMetric.iterate(metric)
    const agent = exactly('agent')
    return agent !== undefined ? byAgent.iterate(agent) : all.iterate()
  }

  return function* (matchers: readonly Matcher[], budget: QueryBudget): Generator<SelectedSeries> {
    const matches = matchLabels(matchers)
    const known = new Map(agents.all().map((row) => [String(row.id), row]))
    let looked = 0
    for (const row of rowsFor(matchers)) {
      if (looked++ % rowsPerLook === 0) budget.check()
      const agentId = String(row.agent_id)
      const series = { id: Number(row.id), agentId, ...JSON.parse(String(row.body)) } as Series
      const agent = known.get(agentId)
      const labels = labelsOf(series, agent?.name, agent?.swarm)
      if (matches((label) => labels[label] ?? '')) yield { series, labels }
    }
  }
}

export type SeriesSelector = ReturnType<typeof createSeriesSelector>

/** Without a prototype: an attribute may be called anything. What the store knows itself wins over attributes. */
const labelsOf = (series: Series, name: unknown, swarm: unknown): Labels => {
  const labels: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(series.attributes)) labels[key] = String(value)
  labels.metric = series.metric
  labels.agent = series.agentId
  labels.unit = series.unit
  labels.kind = series.kind
  labels.part = series.part
  if (series.scope !== undefined) labels.scope = series.scope
  if (typeof name === 'string') labels.name = name
  if (typeof swarm === 'string') labels.swarm = swarm
  return labels
}

/** @throws QueryError `bad-query`, `too-many-series` */
export const selectWithin = (
  select: SeriesSelector,
  matchers: readonly Matcher[],
  budget: QueryBudget,
): SelectedSeries[] => {
  if (matchers.length === 0)
    throw new QueryError('bad-query', 'a query needs a matcher, such as metric = "…"')
  const { maxSeries } = budget.limits
  const selected: SelectedSeries[] = []
  for (const one of select(matchers, budget)) {
    if (selected.length === maxSeries)
      throw new QueryError(
        'too-many-series',
        `more than ${maxSeries} series match (maxSeries); add a matcher`,
      )
    selected.push(one)
  }
  return selected
}

import { type SeriesIdentity, seriesKey } from '@perfmon/core'
import type { Series } from '@perfmon/protocol'

export interface SeriesLimits {
  readonly perAgent: number
  readonly total: number
}

/**
 * The series of all known agents, from identity to dense id and back. One writer, the receive stage. Ids are
 * never used again. The limits count the series of known agents: those of forgotten agents stay in the store
 * until retention takes them, and cost nothing here.
 */
export interface SeriesTable {
  /** The series of this identity, made when it is new; null when a limit is reached. */
  resolve(identity: SeriesIdentity): Series | null
  byId(id: number): Series | undefined
  ofAgent(agentId: string): readonly Series[]
  forgetAgent(agentId: string): void
  /** Forgets the newest series down to id `nextId`: those of a request that turned out malformed. */
  truncate(nextId: number): void
  readonly nextId: number
  readonly size: number
}

export function createSeriesTable(
  stored: readonly Series[],
  isKnownAgent: (agentId: string) => boolean,
  limits: SeriesLimits,
): SeriesTable {
  const byKey = new Map<string, Series>()
  const byId: (Series | undefined)[] = []
  const byAgent = new Map<string, Series[]>()

  function add(series: Series) {
    byKey.set(seriesKey(series), series)
    byId[series.id] = series
    const siblings = byAgent.get(series.agentId)
    if (siblings) siblings.push(series)
    else byAgent.set(series.agentId, [series])
  }
  for (const series of stored) {
    if (isKnownAgent(series.agentId)) add(series)
    else byId.length = Math.max(byId.length, series.id + 1)
  }

  return {
    resolve(identity) {
      const known = byKey.get(seriesKey(identity))
      if (known) return known
      const siblings = byAgent.get(identity.agentId)?.length ?? 0
      if (siblings >= limits.perAgent || byKey.size >= limits.total) return null
      const series: Series = { id: byId.length, ...identity }
      add(series)
      return series
    },
    byId: (id) => byId[id],
    ofAgent: (agentId) => byAgent.get(agentId) ?? [],
    forgetAgent(agentId) {
      for (const series of byAgent.get(agentId) ?? []) {
        byKey.delete(seriesKey(series))
        byId[series.id] = undefined
      }
      byAgent.delete(agentId)
    },
    truncate(nextId) {
      while (byId.length > nextId) {
        const series = byId.pop()
        if (!series) continue
        byKey.delete(seriesKey(series))
        byAgent.get(series.agentId)?.pop()
      }
    },
    get nextId() {
      return byId.length
    },
    get size() {
      return byKey.size
    },
  }
}

import type { VitalName } from '@perfmon/protocol'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { AgentRow } from '../live/live-state.ts'
import { readRing, ringSlotMs, ringSlots } from '../live/ring.ts'
import type { PageModel } from '../page/page-model.ts'
import { appendPoint, joinPoints } from './chart-points.ts'
import { chartVitals } from './chart-vitals.ts'
import { fetchJsonFromOrigin, loadVitalHistory, type VitalPoints } from './vital-history.ts'

export type AllVitalPoints = Record<VitalName, VitalPoints>

/** `loading` shows what the page itself remembers; `failed` goes on with that, and says why. */
export type HistoryState = { kind: 'loading' } | { kind: 'loaded' } | { kind: 'failed'; reason: string }

/**
 * Points of every vital sign of one agent: at once what the sparklines hold, then what the store holds, and
 * every live report after it.
 */
export function useVitalPoints(
  page: PageModel,
  row: AgentRow,
): { points: AllVitalPoints; version: number; history: HistoryState } {
  const agentId = row.agent.id
  const points = useRef({ agentId: '', vitals: emptyPoints(), version: 0 })
  const [history, setHistory] = useState<HistoryState>({ kind: 'loading' })
  if (points.current.agentId !== agentId) points.current = { agentId, vitals: pointsOfRings(row), version: 0 }

  useEffect(() => {
    const asking = new AbortController()
    const asked = points.current
    setHistory({ kind: 'loading' })
    const loads = chartVitals.map(async ({ vital }) => {
      const stored = await loadVitalHistory({
        fetchJson: fetchJsonFromOrigin,
        signal: asking.signal,
        agentId,
        vital,
        nowMs: page.state.nowMs,
      })
      // Without history the sparkline's five minutes are the better half.
      if (stored.timesMs.length > 0) asked.vitals[vital] = joinPoints(stored, asked.vitals[vital])
    })
    void Promise.allSettled(loads).then((results) => {
      if (asking.signal.aborted) return
      asked.version++
      const failure = results.find((result) => result.status === 'rejected')
      setHistory(failure ? { kind: 'failed', reason: reasonOf(failure.reason) } : { kind: 'loaded' })
    })
    return () => asking.abort()
  }, [agentId, page])

  // During rendering, because a live report must be in the very drawing that it caused.
  const { lastSeenMs, vitals } = row.agent
  for (const { vital } of chartVitals) {
    if (appendPoint(points.current.vitals[vital], lastSeenMs, vitals[vital])) points.current.version++
  }
  return { points: points.current.vitals, version: points.current.version, history }
}

function emptyPoints(): AllVitalPoints {
  const entries = chartVitals.map(({ vital }) => [vital, { timesMs: [], values: [] }] as const)
  return Object.fromEntries(entries) as unknown as AllVitalPoints
}

function pointsOfRings(row: AgentRow): AllVitalPoints {
  const all = emptyPoints()
  for (const [vital, ring] of Object.entries(row.rings)) {
    for (let slot = ring.newestSlot - ringSlots + 1; slot <= ring.newestSlot; slot++) {
      const value = readRing(ring, slot)
      const timeMs = Math.min(slot * ringSlotMs, row.agent.lastSeenMs - 1)
      if (!Number.isNaN(value)) appendPoint(all[vital as VitalName], timeMs, value)
    }
  }
  return all
}

function reasonOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}

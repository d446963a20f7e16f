import type { SamplesResponse, SeriesResponse, VitalName } from '@perfmon/protocol'
import { vitalMetrics } from '@perfmon/protocol/names'

/** Points of one vital sign, ascending in time. */
export interface VitalPoints {
  timesMs: number[]
  values: number[]
}

/** How far back the detail view looks. */
export const historyMs = 15 * 60_000

/** Fetches a path of our own origin as JSON; rejects with a readable reason. */
export type FetchJson = (path: string, signal: AbortSignal) => Promise<unknown>

/**
 * What the store holds of one vital sign. An agent that never had it gives no points. Rejects when the
 * aggregator cannot be asked.
 */
export async function loadVitalHistory(options: {
  fetchJson: FetchJson
  signal: AbortSignal
  agentId: string
  vital: VitalName
  nowMs: number
}): Promise<VitalPoints> {
  const { fetchJson, signal, agentId, vital, nowMs } = options
  const wanted = new URLSearchParams({ agent: agentId, metric: vitalMetrics[vital] })
  const found = (await fetchJson(`/api/series?${wanted}`, signal)) as SeriesResponse
  const series = found.series.find((candidate) => candidate.part === 'value')
  if (!series) return { timesMs: [], values: [] }
  const range = new URLSearchParams({
    series: String(series.id),
    from: String(Math.floor(nowMs - historyMs)),
    to: String(Math.ceil(nowMs)),
  })
  const samples = (await fetchJson(`/api/samples?${range}`, signal)) as SamplesResponse
  return { timesMs: samples.timesMs, values: samples.values }
}

/** `fetch` with the aggregator's own words for what went wrong. */
export async function fetchJsonFromOrigin(path: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(path, { signal, headers: { accept: 'application/json' } })
  const body: unknown = await response.json().catch(() => null)
  if (response.ok && body !== null) return body
  const detail = (body as { detail?: unknown } | null)?.detail
  throw new Error(typeof detail === 'string' ? detail : `the aggregator answered ${response.status}`)
}

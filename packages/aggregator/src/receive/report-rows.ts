import type { AgentIdentity } from '@perfmon/core'

/** What one agent said in one request, as columns: row `i` below `count` is one number of one series. */
export interface Report {
  agent: AgentIdentity
  count: number
  seriesIds: Uint32Array
  startMs: Float64Array
  timesMs: Float64Array
  values: Float64Array
  /** 1 where the value is an increase (delta temporality), 0 where it is the value itself. */
  isDelta: Uint8Array
}

export const emptyReport = (agent: AgentIdentity, capacity = 16): Report => ({
  agent,
  count: 0,
  seriesIds: new Uint32Array(capacity),
  startMs: new Float64Array(capacity),
  timesMs: new Float64Array(capacity),
  values: new Float64Array(capacity),
  isDelta: new Uint8Array(capacity),
})

export function pushReportRow(
  report: Report,
  seriesId: number,
  startMs: number,
  timeMs: number,
  value: number,
  isDelta: number,
): void {
  const at = report.count
  if (at === report.seriesIds.length) grow(report)
  report.seriesIds[at] = seriesId
  report.startMs[at] = startMs
  report.timesMs[at] = timeMs
  report.values[at] = value
  report.isDelta[at] = isDelta
  report.count = at + 1
}

function grow(report: Report): void {
  const wider = emptyReport(report.agent, Math.max(16, report.count * 2))
  wider.seriesIds.set(report.seriesIds)
  wider.startMs.set(report.startMs)
  wider.timesMs.set(report.timesMs)
  wider.values.set(report.values)
  wider.isDelta.set(report.isDelta)
  Object.assign(report, { ...wider, count: report.count })
}

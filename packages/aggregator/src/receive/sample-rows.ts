import type { SampleColumns } from '@perfmon/protocol'

/** Columns that grow: entry `i` below `count` is one number of one series. Typed, because a request has a hundred thousand. */
export interface SampleRows {
  count: number
  seriesIds: Uint32Array<ArrayBuffer>
  timesMs: Float64Array<ArrayBuffer>
  values: Float64Array<ArrayBuffer>
}

export const emptyRows = (capacity = 16): SampleRows => ({
  count: 0,
  seriesIds: new Uint32Array(capacity),
  timesMs: new Float64Array(capacity),
  values: new Float64Array(capacity),
})

export function pushRow(rows: SampleRows, seriesId: number, timeMs: number, value: number): void {
  const at = rows.count
  if (at === rows.seriesIds.length) grow(rows)
  rows.seriesIds[at] = seriesId
  rows.timesMs[at] = timeMs
  rows.values[at] = value
  rows.count = at + 1
}

function grow(rows: SampleRows): void {
  const wider = emptyRows(Math.max(16, rows.count * 2))
  wider.seriesIds.set(rows.seriesIds)
  wider.timesMs.set(rows.timesMs)
  wider.values.set(rows.values)
  rows.seriesIds = wider.seriesIds
  rows.timesMs = wider.timesMs
  rows.values = wider.values
}

/** A view, not a copy: nothing may be pushed any more. */
export const columnsOf = ({ count, seriesIds, timesMs, values }: SampleRows): SampleColumns => ({
  seriesIds: seriesIds.subarray(0, count),
  timesMs: timesMs.subarray(0, count),
  values: values.subarray(0, count),
})

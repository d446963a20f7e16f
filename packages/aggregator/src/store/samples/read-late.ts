import type { LateRows } from '../database/late-rows.ts'
import type { SampleRange } from '../store.ts'
import type { LateSamples } from './late-samples.ts'
import type { RangeWanted } from './read-series.ts'

export interface LateSources {
  readonly rows: LateRows
  /** Oldest first: what a running checkpoint is writing, then what arrived since. */
  readonly pending: readonly Pick<LateSamples, 'collect' | 'count'>[]
}

/** Lays a series' late samples over what was read of its others: in order of time, and in place of one at the same. */
export const withLate = (
  { rows, pending }: LateSources,
  { seriesId, fromMs, toMs, limit }: RangeWanted,
  inOrder: SampleRange,
): SampleRange => {
  if (rows.buckets().length === 0 && pending.every(({ count }) => count === 0)) return inOrder
  const late = new Map<number, number>()
  rows.collect(seriesId, { fromMs, toMs, limit }, late)
  for (const samples of pending) samples.collect(seriesId, { fromMs, toMs }, late)
  return late.size === 0 ? inOrder : merged(inOrder, late, Math.max(0, Math.floor(limit)))
}

const merged = (inOrder: SampleRange, late: ReadonlyMap<number, number>, limit: number): SampleRange => {
  const all = new Float64Array(inOrder.timesMs.length + late.size)
  const values = new Float64Array(all.length)
  const lateTimes = Float64Array.from(late.keys()).sort()
  let length = 0
  for (
    let next = 0, nextLate = 0;
    next < inOrder.timesMs.length || nextLate < lateTimes.length;
    length += 1
  ) {
    const timeMs = inOrder.timesMs[next] ?? Number.POSITIVE_INFINITY
    const lateMs = lateTimes[nextLate] ?? Number.POSITIVE_INFINITY
    all[length] = Math.min(timeMs, lateMs)
    values[length] = lateMs <= timeMs ? late.get(lateMs)! : inOrder.values[next]!
    if (timeMs <= lateMs) next += 1
    if (lateMs <= timeMs) nextLate += 1
  }
  const first = Math.max(0, length - limit)
  // Copies: what is read is handed to another thread with its whole memory.
  return { timesMs: all.slice(first, length), values: values.slice(first, length) }
}

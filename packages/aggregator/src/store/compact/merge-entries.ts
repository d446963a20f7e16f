import type { BlockEntry } from '../block/block.ts'

/** One series' entries as one, in order of time; of two rows at one time the fresh one counts. */
export const mergeEntries = (old: BlockEntry, fresh: BlockEntry): BlockEntry => {
  if (fresh.timesMs.length === 0) return old
  if (old.timesMs.at(-1)! < fresh.timesMs[0]!) return concatenated(old, fresh)
  const length = old.timesMs.length + fresh.timesMs.length
  const timesMs = new Float64Array(length)
  const rows = new Int32Array(length)
  let at = 0
  for (let i = 0, j = 0; i < old.timesMs.length || j < fresh.timesMs.length; at += 1) {
    const oldMs = old.timesMs[i] ?? Number.POSITIVE_INFINITY
    const freshMs = fresh.timesMs[j] ?? Number.POSITIVE_INFINITY
    timesMs[at] = Math.min(oldMs, freshMs)
    // Rows of `fresh` are counted from -1 down.
    rows[at] = freshMs <= oldMs ? -1 - j : i
    if (oldMs <= freshMs) i += 1
    if (freshMs <= oldMs) j += 1
  }
  const columns = old.columns.map((column, number) => {
    const merged = new Float64Array(at)
    for (let index = 0; index < at; index += 1) {
      const row = rows[index]!
      merged[index] = row >= 0 ? column[row]! : fresh.columns[number]![-1 - row]!
    }
    return merged
  })
  return { seriesId: old.seriesId, timesMs: timesMs.slice(0, at), columns }
}

const concatenated = (old: BlockEntry, fresh: BlockEntry): BlockEntry => ({
  seriesId: old.seriesId,
  timesMs: joined(old.timesMs, fresh.timesMs),
  columns: old.columns.map((column, number) => joined(column, fresh.columns[number]!)),
})

const joined = (first: Float64Array, second: Float64Array): Float64Array => {
  const both = new Float64Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

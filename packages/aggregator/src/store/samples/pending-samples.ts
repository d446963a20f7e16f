import type { ChunkSamples } from '../chunk/sample-chunk.ts'

/**
 * Samples that are in the journal and not yet in chunks. All series share blocks of columns; each sample knows
 * the one before it of its series. So a sample costs 24 bytes whatever the number of series, and memory is
 * bounded by the journal's bound rather than by a buffer per series.
 */
export interface PendingSamples {
  add(seriesId: number, timeMs: number, value: number): void
  /** The series' samples after `afterMs` and before `beforeMs`, ascending, the newest `limit` of them. */
  range(seriesId: number, wanted: { afterMs: number; beforeMs: number; limit: number }): ChunkSamples
  /** All samples, series by series, ids ascending. The columns are views of two large ones. */
  bySeries(): SeriesSamples[]
  readonly count: number
}

export interface SeriesSamples extends ChunkSamples {
  readonly seriesId: number
}

const none = -1
const samplesPerBlock = 2 ** 16

interface Block {
  readonly seriesIds: Uint32Array
  readonly timesMs: Float64Array
  readonly values: Float64Array
  /** Number of the sample before of the same series. */
  readonly previous: Int32Array
}

export const createPendingSamples = (): PendingSamples => {
  const blocks: Block[] = []
  const touched: number[] = []
  let newest = new Int32Array(1024).fill(none)
  let counts = new Int32Array(1024)
  let count = 0

  const grow = (length: number): void => {
    const longerNewest = new Int32Array(length).fill(none)
    const longerCounts = new Int32Array(length)
    longerNewest.set(newest)
    longerCounts.set(counts)
    newest = longerNewest
    counts = longerCounts
  }

  const blockOf = (sample: number): Block => blocks[sample >>> 16]!
  const indexOf = (sample: number): number => sample & (samplesPerBlock - 1)
  const timeOf = (sample: number): number => blockOf(sample).timesMs[indexOf(sample)]!
  const before = (sample: number): number => blockOf(sample).previous[indexOf(sample)]!

  return {
    add(seriesId, timeMs, value) {
      const index = indexOf(count)
      if (index === 0) blocks.push(emptyBlock())
      if (seriesId >= newest.length) grow(seriesId * 2)
      const previous = newest[seriesId]!
      if (previous === none) touched.push(seriesId)
      const block = blockOf(count)
      block.seriesIds[index] = seriesId
      block.timesMs[index] = timeMs
      block.values[index] = value
      block.previous[index] = previous
      newest[seriesId] = count
      counts[seriesId]! += 1
      count += 1
    },
    range(seriesId, { afterMs, beforeMs, limit }) {
      let last = newest[seriesId] ?? none
      while (last !== none && timeOf(last) >= beforeMs) last = before(last)
      let length = 0
      for (let at = last; at !== none && timeOf(at) > afterMs && length < limit; at = before(at)) length += 1
      const samples = { timesMs: new Float64Array(length), values: new Float64Array(length) }
      for (let at = last, index = length - 1; index >= 0; index -= 1, at = before(at)) {
        samples.timesMs[index] = timeOf(at)
        samples.values[index] = blockOf(at).values[indexOf(at)]!
      }
      return samples
    },
    bySeries() {
      // A counting sort. Following each series through the blocks instead costs a cache miss per sample, each
      // waiting for the one before: five times the time with a thousand series.
      const timesMs = new Float64Array(count)
      const values = new Float64Array(count)
      const ends = new Int32Array(newest.length)
      const ids = Uint32Array.from(touched).sort()
      let start = 0
      for (const id of ids) {
        ends[id] = start
        start += counts[id]!
      }
      for (let sample = 0; sample < count; ) {
        const block = blockOf(sample)
        const filled = Math.min(samplesPerBlock, count - sample)
        for (let index = 0; index < filled; index += 1) {
          const place = ends[block.seriesIds[index]!]!++
          timesMs[place] = block.timesMs[index]!
          values[place] = block.values[index]!
        }
        sample += filled
      }
      return Array.from(ids, (seriesId) => {
        const end = ends[seriesId]!
        const first = end - counts[seriesId]!
        return { seriesId, timesMs: timesMs.subarray(first, end), values: values.subarray(first, end) }
      })
    },
    get count() {
      return count
    },
  }
}

const emptyBlock = (): Block => ({
  seriesIds: new Uint32Array(samplesPerBlock),
  timesMs: new Float64Array(samplesPerBlock),
  values: new Float64Array(samplesPerBlock),
  previous: new Int32Array(samplesPerBlock),
})

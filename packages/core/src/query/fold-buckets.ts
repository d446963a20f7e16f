import { counterColumns, gaugeColumns, increaseBetween, type RollUp, type Samples } from './roll-up.ts'

/** What one number per step can be. `rate` and `increase` are of counters; `rate` is per second. */
export type Aggregate = 'avg' | 'min' | 'max' | 'sum' | 'count' | 'last' | 'increase' | 'rate'

export interface BucketGrid {
  readonly fromMs: number
  readonly stepMs: number
  readonly buckets: number
}

/**
 * Takes one series' samples or roll-ups, oldest first, and makes one number per step of them. What is older than the
 * grid only says where a counter stood. Every sample belongs to the step its time lies in, and so does what a counter
 * grew since the sample before.
 */
export interface BucketFold {
  addSamples(samples: Samples): void
  addRollUp(rollUp: RollUp): void
  /** NaN where a step has nothing. */
  read(aggregate: Aggregate): Float64Array
}

export const createBucketFold = (grid: BucketGrid, isCounter: boolean): BucketFold => {
  const { fromMs, stepMs, buckets } = grid
  const column = (initial: number) => new Float64Array(buckets).fill(initial)
  const [count, sum, min, max] = [column(0), column(0), column(Number.NaN), column(Number.NaN)]
  const [last, increase] = [column(Number.NaN), column(Number.NaN)]
  let previous = Number.NaN

  const bucketOf = (timeMs: number): number => {
    const bucket = Math.floor((timeMs - fromMs) / stepMs)
    return bucket >= 0 && bucket < buckets ? bucket : -1
  }

  const grow = (bucket: number, first: number, to: number, regained: number): void => {
    const inside = to - first + regained
    const between = Number.isNaN(previous) ? 0 : increaseBetween(previous, first)
    const isFirst = Number.isNaN(previous) && inside === 0
    previous = to
    // One reading alone tells of no growth.
    if (bucket >= 0 && !isFirst)
      increase[bucket] = (Number.isNaN(increase[bucket]!) ? 0 : increase[bucket]!) + between + inside
  }

  const gather = (bucket: number, howMany: number, total: number, least: number, most: number): void => {
    if (howMany === 0) return
    count[bucket]! += howMany
    sum[bucket]! += total
    if (!(least >= min[bucket]!)) min[bucket] = least
    if (!(most <= max[bucket]!)) max[bucket] = most
  }

  return {
    addSamples({ timesMs, values }) {
      for (let index = 0; index < timesMs.length; index += 1) {
        const bucket = bucketOf(timesMs[index]!)
        const value = values[index]!
        if (isCounter) grow(bucket, value, value, 0)
        if (bucket < 0) continue
        last[bucket] = value
        if (!Number.isNaN(value)) gather(bucket, 1, value, value, value)
      }
    },
    addRollUp({ timesMs, columns }) {
      for (let row = 0; row < timesMs.length; row += 1) {
        const bucket = bucketOf(timesMs[row]!)
        const cell = (number: number) => columns[number]![row]!
        if (isCounter) {
          const [first, to] = [cell(counterColumns.first), cell(counterColumns.last)]
          grow(bucket, first, to, cell(counterColumns.regained))
          if (bucket < 0) continue
          last[bucket] = to
          count[bucket]! += cell(counterColumns.count)
          continue
        }
        if (bucket < 0) continue
        last[bucket] = cell(gaugeColumns.last)
        gather(
          bucket,
          cell(gaugeColumns.count),
          cell(gaugeColumns.sum),
          cell(gaugeColumns.min),
          cell(gaugeColumns.max),
        )
      }
    },
    read(aggregate) {
      if (aggregate === 'rate') return increase.map((growth) => (growth / stepMs) * 1000)
      if (aggregate === 'avg') return sum.map((total, bucket) => total / count[bucket]!)
      if (aggregate === 'sum') return sum.map((total, bucket) => (count[bucket] === 0 ? Number.NaN : total))
      if (aggregate === 'count') return count
      return { min, max, last, increase }[aggregate]
    },
  }
}

/** Roll-ups of counters keep no sum, minimum and maximum of their totals, which say little: those need samples. */
export const needsSamples = (aggregate: Aggregate, isCounter: boolean): boolean =>
  isCounter && (aggregate === 'avg' || aggregate === 'sum' || aggregate === 'min' || aggregate === 'max')

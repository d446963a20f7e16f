/** Samples of one series, times ascending. */
export interface Samples {
  readonly timesMs: Float64Array
  readonly values: Float64Array
}

/**
 * One row per step that has samples: its start, and columns. Of a gauge: {@link gaugeColumns}. Of a counter:
 * {@link counterColumns}. What happens between two rows of a counter is told by the first's `last` and the next one's
 * `first`, so that a row depends on the samples of its own step only: late ones amend one row, not its neighbours.
 */
export interface RollUp {
  readonly timesMs: Float64Array
  readonly columns: readonly Float64Array[]
}

/** `count`, `sum`, `min` and `max` leave out values that are not a number. */
export const gaugeColumns = { count: 0, sum: 1, min: 2, max: 3, last: 4 } as const
/** `regained`: the increase within the step, less `last - first`; 0 unless the counter restarted. */
export const counterColumns = { count: 0, first: 1, last: 2, regained: 3 } as const

/** How much a counter grew from one reading to the next. One that fell was restarted from 0 in between. */
export const increaseBetween = (before: number, after: number): number =>
  after >= before ? after - before : after

export const rollUp = ({ timesMs, values }: Samples, stepMs: number, isCounter: boolean): RollUp => {
  const starts: number[] = []
  const ends: number[] = []
  for (let index = 0; index < timesMs.length; index += 1) {
    const start = Math.floor(timesMs[index]! / stepMs) * stepMs
    if (starts.at(-1) !== start) {
      starts.push(start)
      ends.push(index)
    }
    ends[ends.length - 1] = index + 1
  }
  const columns = Array.from({ length: isCounter ? 4 : 5 }, () => new Float64Array(starts.length))
  let from = 0
  for (const [row, to] of ends.entries()) {
    const cells = isCounter ? counterRow(values, from, to) : gaugeRow(values, from, to)
    for (const [column, cell] of cells.entries()) columns[column]![row] = cell
    from = to
  }
  return { timesMs: Float64Array.from(starts), columns }
}

const gaugeRow = (values: Float64Array, from: number, to: number): readonly number[] => {
  let count = 0
  let sum = 0
  let min = Number.NaN
  let max = Number.NaN
  for (let index = from; index < to; index += 1) {
    const value = values[index]!
    if (Number.isNaN(value)) continue
    count += 1
    sum += value
    if (!(value >= min)) min = value
    if (!(value <= max)) max = value
  }
  return [count, sum, min, max, values[to - 1]!]
}

const counterRow = (values: Float64Array, from: number, to: number): readonly number[] => {
  const [first, last] = [values[from]!, values[to - 1]!]
  let increase = 0
  let restarted = false
  for (let index = from + 1; index < to; index += 1) {
    increase += increaseBetween(values[index - 1]!, values[index]!)
    restarted ||= values[index]! < values[index - 1]!
  }
  return [to - from, first, last, restarted ? increase - (last - first) : 0]
}

import { decimalExponent, powersOfTen } from './decimal.ts'

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

/**
 * What a gauge's rows hold is exact where its samples are short decimals, and to seven digits where they are not:
 * quotients would take twice the room for digits that no chart shows. Counters are exact: differences are made of them.
 */
export const rollUp = ({ timesMs, values }: Samples, stepMs: number, isCounter: boolean): RollUp => {
  const steps = stepsOf(timesMs, stepMs)
  const rows = steps.ends.length
  const columns = Array.from({ length: isCounter ? 4 : 5 }, () => new Float64Array(rows))
  if (isCounter) counterRows(values, steps.ends, columns)
  else gaugeRows(values, steps.ends, columns)
  return { timesMs: Float64Array.from(steps.starts), columns }
}

const stepsOf = (timesMs: Float64Array, stepMs: number): { starts: number[]; ends: number[] } => {
  const starts: number[] = []
  const ends: number[] = []
  let endMs = Number.NEGATIVE_INFINITY
  for (let index = 0; index < timesMs.length; index += 1) {
    if (timesMs[index]! < endMs) continue
    if (index > 0) ends.push(index)
    const startMs = Math.floor(timesMs[index]! / stepMs) * stepMs
    starts.push(startMs)
    endMs = startMs + stepMs
  }
  if (timesMs.length > 0) ends.push(timesMs.length)
  return { starts, ends }
}

const gaugeRows = (values: Float64Array, ends: readonly number[], columns: readonly Float64Array[]): void => {
  const exponent = decimalExponent(values, values.length)
  const scale = exponent === undefined ? 1 : powersOfTen[exponent]!
  const kept = exponent === undefined ? sevenDigits : (value: number) => value
  let index = 0
  for (let row = 0; row < ends.length; row += 1) {
    let count = 0
    let sum = 0
    let min = Number.NaN
    let max = Number.NaN
    for (; index < ends[row]!; index += 1) {
      const value = values[index]!
      if (Number.isNaN(value)) continue
      count += 1
      // Decimals are added up as the whole numbers they are made of: 0.1 + 0.2 is 0.3 then.
      sum += exponent === undefined ? value : Math.round(value * scale)
      if (!(value >= min)) min = value
      if (!(value <= max)) max = value
    }
    columns[gaugeColumns.count]![row] = count
    columns[gaugeColumns.sum]![row] = kept(sum / scale)
    columns[gaugeColumns.min]![row] = kept(min)
    columns[gaugeColumns.max]![row] = kept(max)
    columns[gaugeColumns.last]![row] = kept(values[index - 1]!)
  }
}

/** As a float of 32 bits, where that has room for its magnitude. */
const sevenDigits = (value: number): number => {
  const magnitude = Math.abs(value)
  return magnitude < 1e38 && magnitude > 1e-37 ? Math.fround(value) : value
}

const counterRows = (
  values: Float64Array,
  ends: readonly number[],
  columns: readonly Float64Array[],
): void => {
  let from = 0
  for (let row = 0; row < ends.length; row += 1) {
    const to = ends[row]!
    const [first, last] = [values[from]!, values[to - 1]!]
    let increase = 0
    let restarted = false
    for (let index = from + 1; index < to; index += 1) {
      increase += increaseBetween(values[index - 1]!, values[index]!)
      if (values[index]! < values[index - 1]!) restarted = true
    }
    columns[counterColumns.count]![row] = to - from
    columns[counterColumns.first]![row] = first
    columns[counterColumns.last]![row] = last
    columns[counterColumns.regained]![row] = restarted ? increase - (last - first) : 0
    from = to
  }
}

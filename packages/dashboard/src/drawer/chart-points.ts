import { historyMs, type VitalPoints } from './vital-history.ts'

/** More points than pixels help nobody; beyond this the oldest go. */
const mostPoints = 2_000

/** Adds one point if it is newer than the last, and forgets what is older than the view. */
export function appendPoint(points: VitalPoints, timeMs: number, value: number | null): boolean {
  const last = points.timesMs.at(-1)
  if (value === null || (last !== undefined && timeMs <= last)) return false
  points.timesMs.push(timeMs)
  points.values.push(value)
  const oldestMs = timeMs - historyMs
  let forgotten = Math.max(0, points.timesMs.length - mostPoints)
  while ((points.timesMs[forgotten] ?? timeMs) < oldestMs) forgotten++
  points.timesMs.splice(0, forgotten)
  points.values.splice(0, forgotten)
  return true
}

/** Shortest span of a chart: seconds of data on a quarter of an hour are a smudge at the edge. */
const shortestSpanMs = 2 * 60_000

/** The time that charts show: as much as the agent has, up to the whole view, the same for all its charts. */
export function chartSpanMs(nowMs: number, firstSeenMs: number): number {
  return Math.min(historyMs, Math.max(shortestSpanMs, nowMs - firstSeenMs))
}

/** Stored points followed by those that came live while the store was asked. */
export function joinPoints(stored: VitalPoints, live: VitalPoints): VitalPoints {
  const joined: VitalPoints = { timesMs: [...stored.timesMs], values: [...stored.values] }
  live.timesMs.forEach((timeMs, index) => {
    appendPoint(joined, timeMs, live.values[index] ?? null)
  })
  return joined
}

/**
 * Columns for the chart: seconds and values, with a `null` where reports are missing so that the line
 * breaks. A gap is more than two and a half reporting intervals (or of the points' own median distance).
 */
export function chartColumns(
  points: VitalPoints,
  reportIntervalMs: number | null,
): [number[], (number | null)[]] {
  const widestJoinMs = 2.5 * Math.max(reportIntervalMs ?? 0, medianDistance(points.timesMs), 1000)
  const seconds: number[] = []
  const values: (number | null)[] = []
  let lastMs: number | null = null
  points.timesMs.forEach((timeMs, index) => {
    if (lastMs !== null && timeMs - lastMs > widestJoinMs) {
      seconds.push((lastMs + 1) / 1000)
      values.push(null)
    }
    seconds.push(timeMs / 1000)
    values.push(points.values[index] ?? null)
    lastMs = timeMs
  })
  return [seconds, values]
}

function medianDistance(timesMs: readonly number[]): number {
  const distances: number[] = []
  for (let index = 1; index < timesMs.length; index++) {
    distances.push((timesMs[index] ?? 0) - (timesMs[index - 1] ?? 0))
  }
  distances.sort((a, b) => a - b)
  return distances[Math.floor(distances.length / 2)] ?? 0
}

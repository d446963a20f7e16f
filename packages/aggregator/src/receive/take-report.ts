import {
  addToSums,
  canonicalTargets,
  emptySums,
  type VitalRole,
  type VitalSums,
  vitalRole,
  vitalRoles,
} from '@perfmon/core'
import { attributeNames } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Exit } from './agent-register.ts'
import type { IngestBatch } from './ingest-batch.ts'
import type { Report } from './report-rows.ts'

export interface ReportTakerOptions {
  readonly table: SeriesTable
  readonly lastReportMs: (agentId: string) => number
  readonly lastTimeMs: (seriesId: number) => number
  /** Told once for each metric that a sender's own series count in. */
  readonly claim: (agentId: string, metric: string) => void
}

export interface TakenReport {
  readonly sums: VitalSums
  readonly exit: Exit | null
  /** Points of counters that two processes write. */
  readonly overlaps: number
}

/** What a sample of one series adds to another. */
interface Target {
  readonly seriesId: number
  readonly factor: number
  readonly isGauge: boolean
}
const noTargets: readonly Target[] = []

/** Takes the rows of reports into batches, and with them what they add to vital signs and to canonical series. */
export function createReportTaker(
  options: ReportTakerOptions,
): (batch: IngestBatch, report: Report) => TakenReport {
  const { table, lastReportMs, lastTimeMs, claim } = options
  const roles: VitalRole[] = []
  const targets: (readonly Target[])[] = []

  function roleOf(seriesId: number): VitalRole {
    const known = roles[seriesId]
    if (known !== undefined) return known
    const series = table.byId(seriesId)
    const role = series ? vitalRole(series.metric, series.part, series.attributes) : vitalRoles.none
    roles[seriesId] = role
    return role
  }

  /** The canonical series that a series counts in too. Decided once; nearly always none. */
  function targetsOf(seriesId: number): readonly Target[] {
    const known = targets[seriesId]
    if (known !== undefined) return known
    const series = table.byId(seriesId)
    const found: Target[] = []
    for (const { series: identity, factor } of series ? canonicalTargets(series) : []) {
      const canonical = table.resolve(identity)
      if (canonical === null) continue
      claim(identity.agentId, identity.metric)
      found.push({ seriesId: canonical.id, factor, isGauge: identity.kind !== 'counter' })
    }
    targets[seriesId] = found.length === 0 ? noTargets : found
    return targets[seriesId]!
  }

  return function takeReport(batch, report) {
    const sums = emptySums()
    let exit: Exit | null = null
    let overlaps = 0
    const canonical = new Map<number, { value: number; isGauge: boolean; coveredMs: number }>()
    const knownSinceMs = lastReportMs(report.agent.id)
    const { count, seriesIds, startMs, timesMs, values, isDelta } = report
    for (let i = 0; i < count; i++) {
      const seriesId = seriesIds[i]!
      const timeMs = timesMs[i]!
      const step = batch.take(seriesId, startMs[i]!, timeMs, values[i]!, isDelta[i]!, knownSinceMs)
      if (!step) continue
      if (timeMs > sums.timeMs) sums.timeMs = timeMs
      if (step.isOverlap) overlaps += 1
      for (const { seriesId: target, factor, isGauge } of targetsOf(seriesId)) {
        const before = isGauge ? 0 : (canonical.get(target)?.value ?? 0)
        const value = before + factor * (isGauge ? step.value : step.growth)
        canonical.set(target, { value, isGauge, coveredMs: step.coveredMs })
      }
      const role = roleOf(seriesId)
      if (role === vitalRoles.none) continue
      // CPU time counts from the start of the process, its stream from the start of the SDK: the first
      // sample would spread a second of start-up over a moment.
      if (role === vitalRoles.cpuSeconds && step.isFirst) continue
      addToSums(sums, role, step.value, step.growth, step.coveredMs)
      if (role === vitalRoles.exitCode) {
        const attributes = table.byId(seriesId)?.attributes ?? {}
        exit = { code: step.value, reason: String(attributes[attributeNames.exitReason] ?? 'normal') }
      }
    }
    for (const [seriesId, { value, isGauge, coveredMs }] of canonical) {
      // Two requests of one moment may both add to it; repeats never come this far.
      const lastMs = lastTimeMs(seriesId)
      const isSameMoment = !isGauge && lastMs >= sums.timeMs && lastMs - sums.timeMs < 1
      const timeMs = isSameMoment ? lastMs + 0.001 : sums.timeMs
      const step = batch.take(seriesId, 0, timeMs, value, isGauge ? 0 : 1, knownSinceMs)
      if (step) addToSums(sums, roleOf(seriesId), step.value, isGauge ? 0 : value, coveredMs)
    }
    return { sums, exit, overlaps }
  }
}

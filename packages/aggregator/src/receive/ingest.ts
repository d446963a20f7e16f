import {
  type AgentIdentity,
  addToSums,
  emptySums,
  MalformedBody,
  type MetricSink,
  type VitalRole,
  type VitalSums,
  vitalRole,
  vitalRoles,
  vitalSigns,
} from '@perfmon/core'
import type { Agent, Series, SparklineVital, Vitals } from '@perfmon/protocol'
import { attributeNames, vitalMetrics, vitalNames } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Store } from '../store/store.ts'
import { sparklineVitals, type VitalHistory } from '../store/vital-history.ts'
import type { AgentRegister, Exit } from './agent-register.ts'
import { createPointRows, type Report } from './point-rows.ts'
import type { SampleState } from './sample-state.ts'

export interface IngestOptions {
  readonly store: Store
  readonly series: SeriesTable
  readonly state: SampleState
  readonly agents: AgentRegister
  readonly history: VitalHistory
  readonly nowMs: () => number
}

export interface IngestStats {
  readonly requests: number
  readonly samples: number
  readonly refusedPoints: number
  /** Repeated or late points: a request sent again after a lost answer, or a sender with a clock going back. */
  readonly duplicatePoints: number
  readonly malformedRequests: number
}

export interface Ingest {
  /**
   * Takes one OTLP request. Resolves when all of it that could be used is durable. Rejects with
   * {@link MalformedBody} when it is not OTLP (nothing was kept) or with the store's error (nothing was kept).
   */
  accept(decode: (sink: MetricSink) => void): Promise<{ rejectedPoints: number; message?: string }>
  /** Takes the answer of a polled agent. */
  acceptPolled(agent: AgentIdentity, vitals: Vitals, timeMs: number): Promise<void>
  stats(): IngestStats
}

/** What is undone when the store refuses a batch. */
interface Undo {
  readonly seriesIds: number[]
  readonly timesMs: number[]
  readonly previousTimesMs: number[]
  readonly previousValues: number[]
}

const vitalUnits: Record<keyof Vitals, string> = {
  cpu: '1',
  memory: '1',
  responseTime: 's',
  errorRate: '1',
  activeConnections: '{connection}',
  requestRate: '{request}/s',
  eventLoop: '1',
}

/**
 * Requests become samples: rows are collected, repeated ones dropped, deltas added up, vital signs derived,
 * and everything is stored as one batch before the sender hears that it arrived.
 */
export function createIngest({ store, series: table, state, agents, history, nowMs }: IngestOptions): Ingest {
  const roles: VitalRole[] = []
  // Series that the store has not confirmed yet; they travel with the next batch again if one fails.
  let unsaved: Series[] = []
  let savedUpTo = table.nextId
  const counts = { requests: 0, samples: 0, refusedPoints: 0, duplicatePoints: 0, malformedRequests: 0 }

  function roleOf(series: Series): VitalRole {
    roles[series.id] ??= vitalRole(series.metric, series.part, series.attributes)
    return roles[series.id]!
  }

  function createBatch() {
    const seriesIds: number[] = []
    const timesMs: number[] = []
    const values: number[] = []
    const undo: Undo = { seriesIds: [], timesMs: [], previousTimesMs: [], previousValues: [] }

    function take(
      series: Series,
      startMs: number,
      timeMs: number,
      value: number,
      isDelta: boolean,
      knownSinceMs: number,
    ) {
      const previousTimeMs = state.lastTimeMs(series.id)
      const previousValue = state.lastValue(series.id)
      const step = state.take(series.id, startMs, timeMs, value, isDelta, knownSinceMs)
      if (!step) {
        counts.duplicatePoints += 1
        return null
      }
      seriesIds.push(series.id)
      timesMs.push(timeMs)
      values.push(step.value)
      undo.seriesIds.push(series.id)
      undo.timesMs.push(timeMs)
      undo.previousTimesMs.push(previousTimeMs)
      undo.previousValues.push(previousValue)
      return step
    }

    function takeVitals(agentId: string, vitals: Vitals, timeMs: number) {
      for (const name of vitalNames) {
        const value = vitals[name]
        if (value === null) continue
        const series = table.resolve({
          agentId,
          metric: vitalMetrics[name],
          unit: vitalUnits[name],
          kind: 'gauge',
          part: 'value',
          attributes: {},
        })
        if (series && take(series, 0, timeMs, value, false, Number.NaN)) {
          if (sparklineVitals.includes(name as SparklineVital))
            history.add(agentId, name as SparklineVital, timeMs, value)
        }
      }
    }

    return { seriesIds, timesMs, values, undo, take, takeVitals }
  }
  type Batch = ReturnType<typeof createBatch>

  function takeReport(batch: Batch, report: Report): { sums: VitalSums; exit: Exit | null } {
    const sums = emptySums()
    let exit: Exit | null = null
    const knownSinceMs = agents.lastReportMs(report.agent.id)
    for (let i = 0; i < report.series.length; i++) {
      const series = report.series[i]!
      const timeMs = report.timesMs[i]!
      const step = batch.take(
        series,
        report.startMs[i]!,
        timeMs,
        report.values[i]!,
        report.isDelta[i] === 1,
        knownSinceMs,
      )
      if (!step) continue
      if (timeMs > sums.timeMs) sums.timeMs = timeMs
      const role = roleOf(series)
      if (role === vitalRoles.none) continue
      // CPU time counts from the start of the process, its stream from the start of the SDK: the first
      // sample would spread a second of start-up over a moment.
      if (role === vitalRoles.cpuSeconds && step.isFirst) continue
      addToSums(sums, role, step.value, step.growth, step.coveredMs)
      if (role === vitalRoles.exitCode) {
        exit = { code: step.value, reason: String(series.attributes[attributeNames.exitReason] ?? 'normal') }
      }
    }
    return { sums, exit }
  }

  async function commit(batch: Batch, hasNewAgents: boolean) {
    for (let id = savedUpTo; id < table.nextId; id++) {
      const made = table.byId(id)
      if (made) unsaved.push(made)
    }
    savedUpTo = table.nextId
    const newSeries = unsaved
    unsaved = []
    if (batch.values.length === 0 && newSeries.length === 0 && !hasNewAgents) return
    try {
      // A new agent is saved first: samples of an agent that nobody knows after a crash would be orphans.
      if (hasNewAgents) await saveAgents()
      await store.appendSamples({
        newSeries,
        seriesIds: Uint32Array.from(batch.seriesIds),
        timesMs: Float64Array.from(batch.timesMs),
        values: Float64Array.from(batch.values),
      })
      counts.samples += batch.values.length
    } catch (error) {
      unsaved = [...newSeries, ...unsaved]
      const { seriesIds, timesMs, previousTimesMs, previousValues } = batch.undo
      for (let i = seriesIds.length - 1; i >= 0; i--) {
        state.giveBack(seriesIds[i]!, timesMs[i]!, previousTimesMs[i]!, previousValues[i]!)
      }
      throw error
    }
  }

  async function saveAgents() {
    const changes = agents.takeChanges()
    try {
      await store.saveAgents(changes.agents, changes.events)
    } catch (error) {
      agents.keep(changes)
      throw error
    }
  }

  return {
    async accept(decode) {
      counts.requests += 1
      const now = nowMs()
      const nextId = table.nextId
      const joining = new Set<string>()
      const admits = (id: string) => {
        if (joining.has(id)) return true
        if (!agents.admits(id, joining.size)) return false
        if (Number.isNaN(agents.lastReportMs(id))) joining.add(id)
        return true
      }
      const rows = createPointRows({ series: table, nowMs: now, admits })
      try {
        decode(rows.sink)
      } catch (error) {
        table.truncate(nextId)
        if (error instanceof MalformedBody) counts.malformedRequests += 1
        throw error
      }
      const batch = createBatch()
      let hasNewAgents = false
      for (const report of rows.reports) {
        if (report.series.length === 0) continue
        const { sums, exit } = takeReport(batch, report)
        // Every point was a repeat: the agent was not heard anew.
        if (sums.timeMs === 0) continue
        const vitals = vitalSigns(sums)
        batch.takeVitals(report.agent.id, vitals, sums.timeMs)
        const source: Agent['source'] = 'otlp'
        if (agents.report({ agent: report.agent, source, vitals, nowMs: now, exit })) hasNewAgents = true
      }
      counts.refusedPoints += rows.refusedPoints
      await commit(batch, hasNewAgents)
      const rejectedPoints = rows.refusedPoints
      return rejectedPoints > 0
        ? { rejectedPoints, message: [...rows.reasons].join(' ') }
        : { rejectedPoints }
    },

    async acceptPolled(agent, vitals, timeMs) {
      if (!agents.admits(agent.id, 0)) {
        counts.refusedPoints += 1
        return
      }
      const batch = createBatch()
      batch.takeVitals(agent.id, vitals, timeMs)
      const isNew = agents.report({ agent, source: 'websocket', vitals, nowMs: nowMs(), exit: null })
      await commit(batch, isNew)
    },

    stats: () => ({ ...counts }),
  }
}

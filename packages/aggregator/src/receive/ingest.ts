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
import { type AgentStreams, createAgentStreams } from './agent-streams.ts'
import { createIngestBatch, type IngestBatch } from './ingest-batch.ts'
import { createIngestFlights, type Flight } from './ingest-flights.ts'
import { locateHeld, settleHeld } from './ingest-late.ts'
import { createIngestTurns } from './ingest-turns.ts'
import { createPointRows } from './point-rows.ts'
import type { Report } from './report-rows.ts'
import { columnsOf } from './sample-rows.ts'
import type { SampleState } from './sample-state.ts'

export interface IngestOptions {
  readonly store: Store
  readonly series: SeriesTable
  readonly state: SampleState
  readonly agents: AgentRegister
  readonly history: VitalHistory
  readonly nowMs: () => number
  /** A point further behind the newest of its series is dropped and counted. Default one hour. */
  readonly lateWindowMs?: number
  /** A point further ahead of the clock is refused. Default one minute. */
  readonly futureWindowMs?: number
}

export interface IngestStats {
  readonly requests: number
  readonly samples: number
  readonly refusedPoints: number
  /** Points that were stored before: a request sent again after a lost answer. */
  readonly duplicatePoints: number
  /** Points stored although their series had newer ones; they are among `samples`. */
  readonly latePoints: number
  /** Points dropped because they were older than the window for late ones. */
  readonly tooLatePoints: number
  /** Points of counters that two processes write under one identity. */
  readonly overlappingPoints: number
  readonly malformedRequests: number
  /** Points refused because their agent, or all, have as many series as allowed; they are among `refusedPoints`. */
  readonly overLimitPoints: number
  /** Points without a value that end their series. */
  readonly endedPoints: number
  /** Points in which an SDK folded attribute sets together because there were too many. */
  readonly overflowPoints: number
}

export interface Ingest {
  /**
   * Takes one OTLP request. Resolves when all of it that could be used is durable. Rejects with
   * {@link MalformedBody} when it is not OTLP (nothing was kept) or with the store's error (nothing was kept).
   */
  accept(decode: (sink: MetricSink) => void): Promise<{ rejectedPoints: number; message?: string }>
  /** Takes the answer of a polled agent. */
  acceptPolled(agent: AgentIdentity, vitals: Vitals, timeMs: number): Promise<void>
  /** Lets go of what is remembered to be quick with this agent. */
  forgetAgent(agentId: string): void
  stats(): IngestStats
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
 * and everything is stored as one batch before the sender hears that it arrived. What is not newer than the newest
 * of its series takes a longer way (see settleHeld); late points are history: no rule is woken and no vital sign
 * changed by them.
 */
export function createIngest(options: IngestOptions): Ingest {
  const {
    store,
    series: table,
    state,
    agents,
    history,
    nowMs,
    lateWindowMs = 3_600_000,
    futureWindowMs,
  } = options
  const roles: VitalRole[] = []
  const streamsByAgent = new Map<string, AgentStreams>()
  const vitalSeries = new Map<string, (Series | null)[]>()
  // Series that the store has not confirmed yet; they travel with the next batch again if one fails.
  let unsaved: Series[] = []
  let savedUpTo = table.nextId
  const turns = createIngestTurns()
  const flights = createIngestFlights(state)
  const counts = {
    requests: 0,
    samples: 0,
    refusedPoints: 0,
    duplicatePoints: 0,
    latePoints: 0,
    tooLatePoints: 0,
    overlappingPoints: 0,
    malformedRequests: 0,
    overLimitPoints: 0,
    endedPoints: 0,
    overflowPoints: 0,
  }

  function streamsOf(agentId: string): AgentStreams {
    let streams = streamsByAgent.get(agentId)
    if (streams === undefined) {
      streams = createAgentStreams(agentId, table)
      streamsByAgent.set(agentId, streams)
    }
    streams.rewind()
    return streams
  }

  function roleOf(seriesId: number): VitalRole {
    const known = roles[seriesId]
    if (known !== undefined) return known
    const series = table.byId(seriesId)
    const role = series ? vitalRole(series.metric, series.part, series.attributes) : vitalRoles.none
    roles[seriesId] = role
    return role
  }

  function vitalSeriesOf(agentId: string, vital: number): Series | null {
    let known = vitalSeries.get(agentId)
    if (known === undefined) {
      known = []
      vitalSeries.set(agentId, known)
    }
    const series = known[vital]
    if (series && table.byId(series.id) === series) return series
    const name = vitalNames[vital]!
    const found = table.resolve({
      agentId,
      metric: vitalMetrics[name],
      unit: vitalUnits[name],
      kind: 'gauge',
      part: 'value',
      attributes: {},
    })
    known[vital] = found
    return found
  }

  /** Vital signs become samples like any other; how many were not newer than the last and so left out. */
  function takeVitals(batch: IngestBatch, agentId: string, vitals: Vitals, timeMs: number): number {
    let leftOut = 0
    for (let i = 0; i < vitalNames.length; i++) {
      const name = vitalNames[i]!
      const value = vitals[name]
      if (value === null) continue
      const series = vitalSeriesOf(agentId, i)
      if (!series) continue
      if (!batch.takeDerived(series.id, timeMs, value)) leftOut += 1
      else if (sparklineVitals.includes(name as SparklineVital))
        history.add(agentId, name as SparklineVital, timeMs, value)
    }
    return leftOut
  }

  function takeReport(batch: IngestBatch, report: Report): { sums: VitalSums; exit: Exit | null } {
    const sums = emptySums()
    let exit: Exit | null = null
    const knownSinceMs = agents.lastReportMs(report.agent.id)
    const { count, seriesIds, startMs, timesMs, values, isDelta } = report
    for (let i = 0; i < count; i++) {
      const seriesId = seriesIds[i]!
      const timeMs = timesMs[i]!
      const step = batch.take(seriesId, startMs[i]!, timeMs, values[i]!, isDelta[i]!, knownSinceMs)
      if (!step) continue
      if (timeMs > sums.timeMs) sums.timeMs = timeMs
      if (step.isOverlap) counts.overlappingPoints += 1
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
    return { sums, exit }
  }

  /** Makes a request durable, or puts everything back as it was before it. */
  async function commit(batch: IngestBatch, agentIds: readonly string[], hasNewAgents: boolean) {
    const flight = flights.begin(batch.undo)
    counts.tooLatePoints += batch.tooLatePoints
    if (!hasNewAgents && batch.held.count === 0) return append(batch, flight)
    const endTurn = turns.begin(agentIds)
    try {
      // A new agent is saved first: samples of an agent that nobody knows after a crash would be orphans.
      if (hasNewAgents) await saveAgents()
      const located = await locateHeld(batch, store)
      flights.depart(flight)
      const { latePoints, duplicatePoints } = settleHeld(batch, located, state)
      counts.duplicatePoints += duplicatePoints
      await append(batch, flight)
      counts.latePoints += latePoints
      counts.samples += latePoints
    } catch (error) {
      flights.cancel(flight)
      throw error
    } finally {
      endTurn()
    }
  }

  async function append(batch: IngestBatch, flight: Flight) {
    for (let id = savedUpTo; id < table.nextId; id++) {
      const made = table.byId(id)
      if (made) unsaved.push(made)
    }
    savedUpTo = table.nextId
    const newSeries = unsaved
    unsaved = []
    const { samples, late } = batch
    if (samples.count + late.count + newSeries.length === 0) return flights.land(flight)
    try {
      await store.appendSamples({
        newSeries,
        ...columnsOf(samples),
        ...(late.count > 0 && { late: columnsOf(late) }),
      })
      flights.land(flight)
      counts.samples += samples.count
    } catch (error) {
      unsaved = [...newSeries, ...unsaved]
      flights.refuse(flight)
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
      const rows = createPointRows({
        streamsOf,
        nowMs: now,
        admits,
        ...(futureWindowMs !== undefined && { futureWindowMs }),
      })
      try {
        decode(rows.sink)
      } catch (error) {
        table.truncate(nextId)
        if (error instanceof MalformedBody) counts.malformedRequests += 1
        throw error
      }
      const reports = inOrderOfTime(rows.reports)
      const agentIds = [...new Set(reports.map(({ agent }) => agent.id))]
      for (let turn = turns.ofAny(agentIds); turn; turn = turns.ofAny(agentIds)) await turn
      const batch = createIngestBatch(state, lateWindowMs, vitalNames.length)
      const overlapsBefore = counts.overlappingPoints
      let hasNewAgents = false
      for (const report of reports) {
        const { sums, exit } = takeReport(batch, report)
        const streams = streamsByAgent.get(report.agent.id)
        if (streams) streams.spare = report
        // Every point was a repeat or late: the agent was not heard anew.
        if (sums.timeMs === 0) continue
        const vitals = vitalSigns(sums)
        takeVitals(batch, report.agent.id, vitals, sums.timeMs)
        const source: Agent['source'] = 'otlp'
        if (agents.report({ agent: report.agent, source, vitals, nowMs: now, exit })) hasNewAgents = true
      }
      counts.refusedPoints += rows.refusedPoints
      counts.overLimitPoints += rows.overLimitPoints
      counts.endedPoints += rows.endedPoints
      counts.overflowPoints += rows.overflowPoints
      const hasOverlap = counts.overlappingPoints > overlapsBefore
      await commit(batch, agentIds, hasNewAgents)
      const reasons = [...rows.reasons, ...(hasOverlap ? [overlapWarning] : [])]
      return { rejectedPoints: rows.refusedPoints, ...(reasons.length > 0 && { message: reasons.join(' ') }) }
    },

    async acceptPolled(agent, vitals, timeMs) {
      if (!agents.admits(agent.id, 0)) {
        counts.refusedPoints += 1
        return
      }
      const agentIds = [agent.id]
      for (let turn = turns.ofAny(agentIds); turn; turn = turns.ofAny(agentIds)) await turn
      const batch = createIngestBatch(state, lateWindowMs, vitalNames.length)
      counts.duplicatePoints += takeVitals(batch, agent.id, vitals, timeMs)
      const isNew = agents.report({ agent, source: 'websocket', vitals, nowMs: nowMs(), exit: null })
      await commit(batch, agentIds, isNew)
    },

    forgetAgent(agentId) {
      streamsByAgent.delete(agentId)
      vitalSeries.delete(agentId)
    },

    stats: () => ({ ...counts }),
  }
}

const overlapWarning =
  'Two processes send the same series; give each a service.instance.id of its own, or both are counted wrongly.'

/**
 * A collector that was killed sends what was under way behind newer points, often in one request with them: put
 * in order, nothing of that is late.
 */
function inOrderOfTime(reports: readonly Report[]): Report[] {
  return reports.filter(({ count }) => count > 0).sort((one, other) => one.timesMs[0]! - other.timesMs[0]!)
}

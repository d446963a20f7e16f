import {
  type AgentIdentity,
  createDerivedMetrics,
  MalformedBody,
  type MetricSink,
  type RecordSink,
  splitSessions,
  vitalSigns,
} from '@perfmon/core'
import type { Agent, Series, Vitals } from '@perfmon/protocol'
import { vitalNames } from '@perfmon/protocol'
import type { SeriesTable } from '../store/series-table.ts'
import type { Store } from '../store/store.ts'
import type { VitalHistory } from '../store/vital-history.ts'
import type { AgentRegister } from './agent-register.ts'
import { type AgentStreams, createAgentStreams } from './agent-streams.ts'
import type { CollectedPoint } from './collect/collector.ts'
import { createIngestBatch, type IngestBatch } from './ingest-batch.ts'
import { createIngestFlights, type Flight } from './ingest-flights.ts'
import { locateHeld, settleHeld } from './ingest-late.ts'
import { createIngestTurns } from './ingest-turns.ts'
import { createPointRows } from './point-rows.ts'
import type { Report } from './report-rows.ts'
import { columnsOf } from './sample-rows.ts'
import type { SampleState } from './sample-state.ts'
import { createReportTaker } from './take-report.ts'
import { createVitalSamples } from './vital-samples.ts'
import { walkWithPauses } from './walk-with-pauses.ts'

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

interface RecordCounts {
  readonly used: number
  readonly quiet: number
  readonly unknown: number
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
  /** `used`: a number was made of it; `quiet`: an agent's, and tells none; `unknown`: refused. */
  readonly records: Readonly<Record<'logs' | 'traces', RecordCounts>>
  /** Points in which an SDK folded attribute sets together because there were too many. */
  readonly overflowPoints: number
}

/** What it gives back, if anything, is walked to its end, with pauses in which others are heard. */
type Decode = (sink: MetricSink) => Iterator<void> | void

export interface PolledAnswer {
  readonly agent: AgentIdentity
  readonly vitals: Vitals
  readonly timeMs: number
}

export interface Ingest {
  /**
   * Takes one OTLP request. Resolves when all of it that could be used is durable. Rejects with
   * {@link MalformedBody} when it is not OTLP (nothing was kept) or with the store's error (nothing was kept).
   */
  accept(decode: Decode): Promise<{ rejectedPoints: number; message?: string }>
  /**
   * Takes one OTLP request of logs or traces: what agents' events and spans tell in numbers is kept, and nothing else
   * of them. Rejects as `accept` does; `rejectedPoints` are records that nobody here knows.
   */
  acceptRecords(
    signal: 'logs' | 'traces',
    decode: (sink: RecordSink) => void,
  ): Promise<{ rejectedPoints: number; message?: string }>
  /** Takes answers of polled agents, all or, when the store refuses, none. */
  acceptPolled(answers: readonly PolledAnswer[]): Promise<void>
  /** Takes what a collector of the aggregator itself told; a point whose series is beyond the limits is refused and counted. */
  acceptCollected(collector: AgentIdentity, points: readonly CollectedPoint[], timeMs: number): Promise<void>
  /** Lets go of what is remembered to be quick with this agent. */
  forgetAgent(agentId: string): void
  stats(): IngestStats
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
  const streamsByAgent = new Map<string, AgentStreams>()
  // Series that the store has not confirmed yet; they travel with the next batch again if one fails.
  let unsaved: Series[] = []
  let savedUpTo = table.nextId
  const vitals = createVitalSamples(table, history)
  const takeReport = createReportTaker({
    table,
    lastReportMs: agents.lastReportMs,
    lastTimeMs: state.lastTimeMs,
    claim: (agentId, metric) => streamsByAgent.get(agentId)?.accepts(metric, undefined),
  })
  const turns = createIngestTurns()
  const flights = createIngestFlights(state)
  const records = {
    logs: { used: 0, quiet: 0, unknown: 0 },
    traces: { used: 0, quiet: 0, unknown: 0 },
  }
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

  async function accept(decode: Decode) {
    counts.requests += 1
    const now = nowMs()
    const nextId = table.nextId
    const pauses = { count: 0 }
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
      const steps = decode(splitSessions(rows.sink))
      if (steps) await walkWithPauses(steps, pauses)
    } catch (error) {
      // After a pause series of others may lie behind ours: then those of a malformed body stay, without a sample.
      if (pauses.count === 0) table.truncate(nextId)
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
      const { sums, exit, overlaps } = takeReport(batch, report)
      counts.overlappingPoints += overlaps
      const streams = streamsByAgent.get(report.agent.id)
      if (streams) streams.spare = report
      // Every point was a repeat or late: the agent was not heard anew.
      if (sums.timeMs === 0) continue
      const signs = vitalSigns(sums)
      vitals.take(batch, report.agent.id, signs, sums.timeMs)
      const source: Agent['source'] = 'otlp'
      if (agents.report({ agent: report.agent, source, vitals: signs, nowMs: now, exit })) hasNewAgents = true
    }
    counts.refusedPoints += rows.refusedPoints
    counts.overLimitPoints += rows.overLimitPoints
    counts.endedPoints += rows.endedPoints
    counts.overflowPoints += rows.overflowPoints
    const hasOverlap = counts.overlappingPoints > overlapsBefore
    await commit(batch, agentIds, hasNewAgents)
    const reasons = [...rows.reasons, ...(hasOverlap ? [overlapWarning] : [])]
    return { rejectedPoints: rows.refusedPoints, ...(reasons.length > 0 && { message: reasons.join(' ') }) }
  }

  return {
    accept,

    async acceptRecords(signal, decode) {
      counts.requests += 1
      const derived = createDerivedMetrics(signal === 'logs' ? 'event' : 'span')
      try {
        decode(derived.sink)
      } catch (error) {
        if (error instanceof MalformedBody) counts.malformedRequests += 1
        throw error
      }
      if (derived.used > 0) await accept((sink) => derived.tell(sink))
      const counted = records[signal]
      counted.used += derived.used
      counted.quiet += derived.quiet
      counted.unknown += derived.unknown
      return derived.unknown === 0
        ? { rejectedPoints: 0 }
        : { rejectedPoints: derived.unknown, message: refusedRecords[signal] }
    },

    async acceptPolled(answers) {
      const agentIds = [...new Set(answers.map(({ agent }) => agent.id))]
      for (let turn = turns.ofAny(agentIds); turn; turn = turns.ofAny(agentIds)) await turn
      const batch = createIngestBatch(state, lateWindowMs, answers.length * vitalNames.length)
      let hasNewAgents = false
      for (const { agent, vitals: polled, timeMs } of answers) {
        if (!agents.admits(agent.id, 0)) {
          counts.refusedPoints += 1
          continue
        }
        counts.duplicatePoints += vitals.take(batch, agent.id, polled, timeMs)
        const report = { agent, source: 'websocket' as const, vitals: polled, nowMs: nowMs(), exit: null }
        if (agents.report(report)) hasNewAgents = true
      }
      await commit(batch, agentIds, hasNewAgents)
    },

    async acceptCollected(collector, points, timeMs) {
      const agentIds = [collector.id]
      for (let turn = turns.ofAny(agentIds); turn; turn = turns.ofAny(agentIds)) await turn
      // Before its series: those of somebody unknown are not made.
      const report = {
        agent: collector,
        source: 'collector' as const,
        vitals: noVitals,
        nowMs: timeMs,
        exit: null,
      }
      const isNew = agents.report(report)
      const batch = createIngestBatch(state, lateWindowMs, points.length)
      for (const { metric, unit, kind, value, attributes } of points) {
        const series = table.resolve({ agentId: collector.id, metric, unit, kind, part: 'value', attributes })
        if (series) batch.takeDerived(series.id, timeMs, value)
        else {
          counts.refusedPoints += 1
          counts.overLimitPoints += 1
        }
      }
      await commit(batch, agentIds, isNew)
    },

    forgetAgent(agentId) {
      streamsByAgent.delete(agentId)
      vitals.forgetAgent(agentId)
    },

    stats: () => ({ ...counts, records: { logs: { ...records.logs }, traces: { ...records.traces } } }),
  }
}

const noVitals = Object.fromEntries(vitalNames.map((name) => [name, null])) as unknown as Vitals

const refusedRecords = {
  logs: "Perfmon keeps what agents' events tell in numbers; these log records are of no kind it knows. Send logs elsewhere.",
  traces:
    'Perfmon keeps durations of agents, model calls and tools; these spans are of no kind it knows. Send traces elsewhere.',
} as const
const overlapWarning =
  'Two processes send the same series; give each a service.instance.id of its own, or both are counted wrongly.'

/**
 * A collector that was killed sends what was under way behind newer points, often in one request with them: put
 * in order, nothing of that is late.
 */
function inOrderOfTime(reports: readonly Report[]): Report[] {
  return reports.filter(({ count }) => count > 0).sort((one, other) => one.timesMs[0]! - other.timesMs[0]!)
}

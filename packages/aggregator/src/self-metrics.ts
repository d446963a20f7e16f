import type { Evaluator } from '@perfmon/core'
import type { EvaluatorRunner } from './evaluate/run-evaluator.ts'
import type { Notifier } from './notify/run-notifier.ts'
import type { Pipeline } from './pipeline.ts'
import type { AgentRegister } from './receive/agent-register.ts'
import type { Collectors } from './receive/collect/run-collectors.ts'
import type { DialIn } from './receive/dial-in.ts'
import type { Discovery } from './receive/discovery/run-discovery.ts'
import type { Ingest } from './receive/ingest.ts'
import type { OtlpServer } from './receive/otlp-http-server.ts'
import type { Poller } from './receive/run-poller.ts'
import type { LiveStream } from './serve/live-stream.ts'
import type { AgentTable } from './store/agent-table.ts'
import type { SeriesTable } from './store/series-table.ts'
import type { StoreStats } from './store/store.ts'
import type { SelfMetric, SelfTelemetry } from './system/self-telemetry.ts'

export interface SelfMetricSources {
  readonly ingest: Ingest
  readonly otlp: OtlpServer
  readonly register: AgentRegister
  readonly poller: Poller
  readonly discovery: Discovery
  readonly collectors: Collectors
  readonly dialIn: DialIn
  readonly refusedUpgrades: () => number
  readonly agents: AgentTable
  readonly series: SeriesTable
  readonly evaluator: Evaluator
  readonly evaluation: EvaluatorRunner
  readonly notifier: Notifier
  readonly live: LiveStream
  readonly pipeline: Pipeline
  readonly storeStats: () => StoreStats
}

/** Everything that is counted or left out, under names that Prometheus users expect. */
export function publishSelfMetrics(telemetry: SelfTelemetry, from: SelfMetricSources): void {
  const one = (value: number) => [{ value }]
  const metrics: SelfMetric[] = [
    counter('perfmon.aggregator.otlp.request', '{request}', 'OTLP requests taken', () =>
      one(from.ingest.stats().requests),
    ),
    counter('perfmon.aggregator.sample', '{sample}', 'Samples stored', () =>
      one(from.ingest.stats().samples),
    ),
    counter('perfmon.aggregator.dropped_point', '{point}', 'Points not stored, by reason', () => [
      {
        value: from.ingest.stats().refusedPoints - from.ingest.stats().overLimitPoints,
        attributes: { reason: 'refused' },
      },
      { value: from.ingest.stats().overLimitPoints, attributes: { reason: 'series-limit' } },
      { value: from.ingest.stats().duplicatePoints, attributes: { reason: 'duplicate' } },
      { value: from.ingest.stats().tooLatePoints, attributes: { reason: 'too-late' } },
    ]),
    counter(
      'perfmon.aggregator.late_point',
      '{point}',
      'Points stored behind newer ones of their series',
      () => one(from.ingest.stats().latePoints),
    ),
    counter(
      'perfmon.aggregator.overlapping_point',
      '{point}',
      'Counter points of two processes with one identity; give each its service.instance.id',
      () => one(from.ingest.stats().overlappingPoints),
    ),
    counter('perfmon.aggregator.ended_point', '{point}', 'Points without a value that end their series', () =>
      one(from.ingest.stats().endedPoints),
    ),
    counter(
      'perfmon.aggregator.overflow_point',
      '{point}',
      'Points in which an SDK folded attribute sets together because there were too many',
      () => one(from.ingest.stats().overflowPoints),
    ),
    counter('perfmon.aggregator.malformed_request', '{request}', 'OTLP requests that were not OTLP', () =>
      one(from.ingest.stats().malformedRequests),
    ),
    counter('perfmon.aggregator.otlp.refused_request', '{request}', 'OTLP requests refused, by status', () =>
      Object.entries(from.otlp.stats().refusedRequests).map(([status, value]) => ({
        value,
        attributes: { 'http.response.status_code': status },
      })),
    ),
    counter(
      'perfmon.aggregator.otlp.record',
      '{record}',
      'Log records and spans, by what became of them',
      () =>
        Object.entries(from.ingest.stats().records).flatMap(([signal, outcomes]) =>
          Object.entries(outcomes).map(([outcome, value]) => ({ value, attributes: { signal, outcome } })),
        ),
    ),
    counter(
      'perfmon.aggregator.otlp.lost_connection',
      '{connection}',
      'Connections cut off, by reason',
      () => [
        { value: from.otlp.stats().droppedConnections, attributes: { reason: 'too-many' } },
        { value: from.otlp.stats().abandonedRequests, attributes: { reason: 'sender-hung-up' } },
      ],
    ),
    counter('perfmon.aggregator.otlp.received', 'By', 'Bytes of OTLP bodies as they came', () =>
      one(from.otlp.stats().receivedBytes),
    ),
    counter('perfmon.aggregator.poll.dropped_answer', '{answer}', 'Answers not used, by reason', () => [
      { value: from.poller.stats().refusedAnswers, attributes: { reason: 'refused' } },
      { value: from.poller.stats().unstoredAnswers, attributes: { reason: 'not-stored' } },
    ]),
    counter('perfmon.aggregator.agent.dropped_event', '{event}', 'Comings and goings not written down', () =>
      one(from.register.stats().droppedEvents),
    ),
    counter('perfmon.aggregator.poll', '{poll}', 'Questions to polled agents', () =>
      one(from.poller.stats().polls),
    ),
    counter('perfmon.aggregator.poll.failure', '{poll}', 'Polls that failed', () =>
      one(from.poller.stats().failures),
    ),
    ...discoveryMetrics(from),
    counter('perfmon.aggregator.collector.run', '{run}', 'Runs of collectors, by outcome', () =>
      Object.entries(from.collectors.stats()).flatMap(([collector, { collected, failures, skipped }]) => [
        { value: collected, attributes: { collector, outcome: 'done' } },
        { value: failures, attributes: { collector, outcome: 'failed' } },
        { value: skipped, attributes: { collector, outcome: 'skipped' } },
      ]),
    ),
    gauge('perfmon.aggregator.dial_in.agent', '{agent}', 'Agents connected by themselves', () =>
      one(from.poller.stats().dialledAgents),
    ),
    counter(
      'perfmon.aggregator.dial_in.refused',
      '{connection}',
      'Dialled connections ended, by reason',
      () => [
        ...Object.entries(from.dialIn.stats().refused).map(([reason, value]) => ({
          value,
          attributes: { reason },
        })),
        { value: from.poller.stats().replacedConnections, attributes: { reason: 'replaced' } },
      ],
    ),
    counter('perfmon.aggregator.upgrade.refused', '{connection}', 'WebSockets refused at the door', () =>
      one(from.refusedUpgrades()),
    ),
    gauge('perfmon.aggregator.agent', '{agent}', 'Agents known', () => one(from.agents.size)),
    gauge('perfmon.aggregator.series', '{series}', 'Series of known agents', () => one(from.series.size)),
    gauge('perfmon.aggregator.alert.open', '{alert}', 'Pending and active alerts', () =>
      one(from.evaluator.stats.openAlerts),
    ),
    gauge('perfmon.aggregator.rule.binding', '{binding}', 'Pairs of rule and series watched', () =>
      one(from.evaluator.stats.bindings),
    ),
    counter(
      'perfmon.aggregator.rule.unbound_series',
      '{series}',
      'Series that no rule could watch for lack of room',
      () => one(from.evaluator.stats.unboundSeries),
    ),
    counter(
      'perfmon.aggregator.alert.dropped_change',
      '{change}',
      'Alert changes lost because the store refused for long',
      () => one(from.evaluation.stats().droppedChanges),
    ),
    counter('perfmon.aggregator.notification', '{notification}', 'Notifications by outcome', () => [
      { value: from.notifier.stats().sent, attributes: { outcome: 'sent' } },
      { value: from.notifier.stats().retries, attributes: { outcome: 'try-again' } },
      { value: from.notifier.stats().refused, attributes: { outcome: 'refused' } },
    ]),
    gauge('perfmon.aggregator.live.reader', '{reader}', 'Open live pages', () =>
      one(from.live.stats().readers),
    ),
    counter('perfmon.aggregator.live.skipped_update', '{update}', 'Updates that slow pages missed', () =>
      one(from.live.stats().skippedUpdates),
    ),
    counter(
      'perfmon.aggregator.tick.late',
      '{tick}',
      'Slots left out because the last was still worked',
      () => one(from.pipeline.stats().lateTicks),
    ),
    counter('perfmon.aggregator.live.refused_reader', '{reader}', 'Live pages turned away', () =>
      one(from.live.stats().refusedReaders),
    ),
    gauge('perfmon.aggregator.store.size', 'By', 'Bytes on disk', () => one(from.storeStats().bytes)),
    gauge('perfmon.aggregator.store.read_only', '1', '1 while the disk refuses what is written', () =>
      one(from.storeStats().readOnlySinceMs === null ? 0 : 1),
    ),
    gauge('perfmon.aggregator.store.queue', '{request}', 'Requests that wait for the disk', () =>
      one(from.storeStats().queued),
    ),
    counter(
      'perfmon.aggregator.store.refused_batch',
      '{batch}',
      'Batches refused because too much waited',
      () => one(from.storeStats().overloaded),
    ),
    counter('perfmon.aggregator.store.unordered_sample', '{sample}', 'Samples left out as not newer', () =>
      one(from.storeStats().outOfOrder),
    ),
    gauge('process.memory.usage', 'By', 'Resident memory of the aggregator', () =>
      one(process.memoryUsage.rss()),
    ),
    counter('process.cpu.time', 's', 'CPU time of the aggregator', () =>
      one(process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6),
    ),
  ]
  for (const metric of metrics) telemetry.observe(metric)
}

function discoveryMetrics({ discovery, poller }: SelfMetricSources): SelfMetric[] {
  const perSource = (value: 'targets' | 'failures' | 'leftOut') => () =>
    discovery.stats().sources.map((source) => ({
      value: source[value],
      attributes: { source: source.kind, name: source.name },
    }))
  return [
    gauge(
      'perfmon.aggregator.discovery.target',
      '{target}',
      'Agents listed, by source',
      perSource('targets'),
    ),
    counter(
      'perfmon.aggregator.discovery.failure',
      '{failure}',
      'Attempts to learn of agents that failed; the last good list stays',
      perSource('failures'),
    ),
    gauge('perfmon.aggregator.discovery.left_out', '{target}', 'Listed agents that are not polled', () => [
      { value: discovery.stats().leftOut, attributes: { source: 'all' } },
      ...perSource('leftOut')(),
    ]),
    counter('perfmon.aggregator.poll.late', '{poll}', 'Polls more than half an interval late', () => [
      { value: poller.stats().latePolls },
    ]),
    gauge(
      'perfmon.aggregator.poll.connection',
      '{connection}',
      'Connections to polled agents, by state',
      () => {
        const { connectedAgents, connecting, waitingToConnect } = poller.stats()
        return [
          { value: connectedAgents, attributes: { state: 'open' } },
          { value: connecting, attributes: { state: 'connecting' } },
          { value: waitingToConnect, attributes: { state: 'waiting' } },
        ]
      },
    ),
  ]
}

function counter(name: string, unit: string, description: string, read: SelfMetric['read']): SelfMetric {
  return { name, unit, description, kind: 'counter', read }
}

function gauge(name: string, unit: string, description: string, read: SelfMetric['read']): SelfMetric {
  return { name, unit, description, kind: 'gauge', read }
}

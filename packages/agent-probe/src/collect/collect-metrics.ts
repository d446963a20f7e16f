import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import { attributeNames } from '@perfmon/protocol/names'
import { readAiMetrics } from '../ai/read-ai-metrics.ts'
import type { Rung } from '../budget/budget-ladder.ts'
import type { Level } from '../configure/read-settings.ts'
import type { Sources } from '../configure/sources.ts'
import { readCoordination } from '../coordinate/read-coordination.ts'
import type { AgentExit } from '../exit/agent-exit.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import { readThreadMetrics } from '../threads/read-thread-metrics.ts'
import { counter, gauge, histogram, readHistogram, toHrTime, upDownSum, type Window } from './metric-data.ts'
import { eventLoopDelay, metricList } from './metric-list.ts'
import type { ProbeAccount } from './probe-account.ts'
import { type ProbeState, readProbeMetrics } from './probe-metrics.ts'
import { type ProcessReading, readHeapSpaces, readProcess } from './read-process.ts'
import { readSources } from './read-sources.ts'
import { createVitalSigns, type VitalSigns } from './vital-signs.ts'
import { type EventLoopDelayWatch, watchEventLoopDelay } from './watch-event-loop-delay.ts'
import { type GarbageCollectionWatch, watchGarbageCollection } from './watch-garbage-collection.ts'

export interface MetricCollector {
  /** Everything, cumulative since the process started. Synchronous: it must also work while exiting. */
  collect(exit?: AgentExit): MetricData[]
  /** Less detail: no garbage collections, no event loop delay. What was recorded of them is forgotten. */
  setDetail(detail: Rung['detail']): void
  /** Takes off what observes the process. */
  stop(): void
  /** The vital signs since the last time somebody asked, at least an interval; at first, since the start. */
  vitals(): VitalSigns
}

const cumulative = AggregationTemporality.CUMULATIVE

type HostModule = typeof import('../host/host-metrics.ts')

/** Few agents tell of their machine: what reads it is a file of its own. */
const loadHostMetrics = () => {
  const { createRequire } = process.getBuiltinModule('node:module')
  const { createHostMetrics } = createRequire(import.meta.url)('./host.js') as HostModule
  return createHostMetrics()
}

export const createMetricCollector = ({
  recordings,
  guard,
  account,
  readState,
  level,
  sources,
  hostMetrics,
  intervalMs,
  startedAtMs,
  now,
}: {
  recordings: Recordings
  guard: HookGuard
  account: ProbeAccount
  readState: () => ProbeState | undefined
  level: Level
  sources: Sources
  hostMetrics: boolean
  intervalMs: number
  startedAtMs: number
  now: () => number
}): MetricCollector => {
  const startTime = toHrTime(startedAtMs)
  const readHost = hostMetrics && sources.isOn('host') ? loadHostMetrics() : undefined
  let detail: Rung['detail'] = 'full'
  let collections: GarbageCollectionWatch | undefined
  let delay: EventLoopDelayWatch | undefined
  const observe = () => {
    if (level !== 'minimal' && sources.isOn('gc'))
      collections = watchGarbageCollection(guard, { startTime: toHrTime(now()) })
    if (level === 'detailed' && sources.isOn('eventloop.delay')) delay = watchEventLoopDelay()
  }
  const stop = () => {
    collections?.stop()
    delay?.stop()
    collections = undefined
    delay = undefined
  }
  observe()
  // Reports and answers each have a window of their own: a quiet agent's reports are far apart.
  const reported = createVitalSigns({ recordings, startedAtMs })
  const asked = createVitalSigns({ recordings, startedAtMs })
  let vitals: VitalSigns | undefined

  const heapUsed = (reading: ProcessReading, window: Window): MetricData =>
    upDownSum(
      metricList.heapUsed,
      level === 'minimal'
        ? [{ value: reading.heapUsedBytes }]
        : readHeapSpaces().map(({ name, usedBytes }) => ({
            value: usedBytes,
            attributes: { [attributeNames.heapSpaceName]: name },
          })),
      window,
    )

  const processMetrics = (reading: ProcessReading, window: Window): MetricData[] => [
    counter(
      metricList.cpuTime,
      [
        { value: reading.cpuUserSeconds, attributes: { [attributeNames.cpuMode]: 'user' } },
        { value: reading.cpuSystemSeconds, attributes: { [attributeNames.cpuMode]: 'system' } },
      ],
      window,
      cumulative,
    ),
    ...(reading.rssBytes === undefined
      ? []
      : [
          upDownSum(metricList.memoryUsage, [{ value: reading.rssBytes }], window),
          gauge(
            metricList.memoryUtilization,
            [{ value: reading.rssBytes / reading.memoryLimitBytes }],
            window,
          ),
        ]),
    gauge(metricList.uptime, [{ value: reading.uptimeSeconds }], window),
  ]

  const heapMetrics = (reading: ProcessReading, window: Window): MetricData[] => [
    upDownSum(metricList.heapLimit, [{ value: reading.heapLimitBytes }], window),
    heapUsed(reading, window),
  ]

  const loopMetrics = (
    reading: ProcessReading,
    { eventLoopUtilization }: VitalSigns,
    window: Window,
  ): MetricData[] => [
    counter(
      metricList.loopTime,
      [
        { value: reading.loopActiveSeconds, attributes: { [attributeNames.eventLoopState]: 'active' } },
        { value: reading.loopIdleSeconds, attributes: { [attributeNames.eventLoopState]: 'idle' } },
      ],
      window,
      cumulative,
    ),
    ...(eventLoopUtilization === undefined
      ? []
      : [gauge(metricList.loopUtilization, [{ value: eventLoopUtilization }], window)]),
  ]

  const delayMetrics = (window: Window): MetricData[] => {
    const read = delay?.read()
    if (read === undefined) return []
    return Object.entries(read).map(([part, value]) => gauge(eventLoopDelay(part), [{ value }], window))
  }

  const durations = (window: Window): MetricData[] =>
    (
      [
        [metricList.serverDuration, recordings.serverDurations, window.startTime],
        [metricList.clientDuration, recordings.clientDurations, window.startTime],
        // Observed again after a pause, they count from there: nobody knows what happened meanwhile.
        [metricList.gcDuration, collections?.durations, collections?.startTime ?? window.startTime],
      ] as const
    ).flatMap(([descriptor, recorded, startTime]) => {
      const points = recorded === undefined ? [] : readHistogram(recorded)
      return points.length === 0 ? [] : [histogram(descriptor, points, { ...window, startTime }, cumulative)]
    })

  return {
    collect: (exit) =>
      account.charge(() => {
        recordings.threads?.absorb()
        const reading = readProcess(now())
        const threads = recordings.threads?.read()
        const window: Window = { startTime, endTime: toHrTime(reading.atMs) }
        const vitalSigns = reported.roll(reading)
        return [
          ...(sources.isOn('process') ? processMetrics(reading, window) : []),
          ...(sources.isOn('heap') ? heapMetrics(reading, window) : []),
          ...(sources.isOn('eventloop') ? loopMetrics(reading, vitalSigns, window) : []),
          ...delayMetrics(window),
          ...durations(window),
          ...readAiMetrics(recordings.ai, window, exit !== undefined),
          ...readSources(
            [() => readCoordination(recordings.coordination), ...recordings.sources],
            window,
            exit !== undefined,
          ),
          ...(sources.isOn('http.server')
            ? [upDownSum(metricList.serverActive, [{ value: recordings.active.server }], window)]
            : []),
          ...(sources.isOn('http.client')
            ? [upDownSum(metricList.clientActive, [{ value: recordings.active.client }], window)]
            : []),
          ...(readHost?.(window) ?? []),
          ...readThreadMetrics(threads, window),
          ...readProbeMetrics({
            account,
            hookSeconds: guard.hookSeconds() + (threads?.hookSeconds ?? 0),
            hookFailures: guard.failures() + (threads?.hookFailures ?? 0),
            state: readState(),
            window,
          }),
          ...(exit === undefined
            ? []
            : [
                gauge(
                  metricList.exit,
                  [{ value: exit.code, attributes: { [attributeNames.exitReason]: exit.reason } }],
                  window,
                ),
              ]),
        ]
      }),
    setDetail(wanted) {
      if (wanted === detail) return
      detail = wanted
      if (wanted === 'full') observe()
      else stop()
    },
    stop,
    vitals() {
      const nowMs = now()
      recordings.threads?.absorb()
      const ageMs = vitals === undefined ? Number.POSITIVE_INFINITY : nowMs - vitals.atMs
      // Below 0 the clock was set back: the last answer would be given until it has caught up.
      if (vitals === undefined || ageMs < 0 || ageMs >= intervalMs) vitals = asked.roll(readProcess(nowMs))
      return vitals
    },
  }
}

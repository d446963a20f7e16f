import { hostname } from 'node:os'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  DataPointType,
  MeterProvider,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { attributeNames } from '@perfmon/protocol/names'
import type { ReportInterval } from './actions/built-in/sampling-interval.ts'
import { adaptiveLadder, recordingLadder } from './budget/budget-ladder.ts'
import { slowPace, watchBudget } from './budget/watch-budget.ts'
import type { ProcessIdentity } from './children/agent-identity.ts'
import { createMetricCollector } from './collect/collect-metrics.ts'
import { estimateMemory } from './collect/estimate-memory.ts'
import { createProbeAccount } from './collect/probe-account.ts'
import { readCpuSeconds } from './collect/read-process.ts'
import { createDeltaView } from './collect/to-delta.ts'
import type { AgentEnvironment } from './configure/agent-environment.ts'
import { defaultServiceName } from './configure/default-service-name.ts'
import { readSettings, type Settings } from './configure/read-settings.ts'
import type { Sources } from './configure/sources.ts'
import type { AgentExit } from './exit/agent-exit.ts'
import { awaitAnswer, sendOnNewSocket, sendOnOpenSocket } from './exit/send-on-open-socket.ts'
import type { HookGuard } from './hook-guard.ts'
import { createAnonymizer } from './privacy/anonymize-attributes.ts'
import { createScrubber } from './privacy/create-scrubber.ts'
import { probeVersion } from './probe-version.ts'
import type { Recordings } from './record/recordings.ts'
import { chooseSerializer, createExporter } from './send/create-exporter.ts'
import { createTransport, type Transport } from './send/create-transport.ts'
import { DeliveryError } from './send/delivery-error.ts'
import { createDeliveryLog } from './send/delivery-log.ts'
import type { PostRequest } from './send/post-request.ts'
import { type Pace, ReportReader } from './send/report-reader.ts'
import { requestHeaders } from './send/request-headers.ts'
import { watchActivity } from './send/watch-activity.ts'
import { startWebSocket } from './start-web-socket.ts'
import { createWriteLine } from './write-line.ts'

export interface Telemetry {
  /** Who this agent is, as others are told. */
  readonly identity: { readonly service: string; readonly instance: string }
  /** Begins to report at the interval. */
  start(): Promise<void>
  /** Reports no more, and lets go of what it holds. The hooks are not its own: they stay. */
  stop(): Promise<void>
  /**
   * Posts the last report without an event loop. `later` is how, when no connection is open: it blocks, and
   * returns the HTTP status, 0 for no answer in time or -1 for no connection. The time there is counts from
   * `sinceMs`.
   */
  flush(options: {
    exit: AgentExit
    sinceMs: number
    later: (report: PostRequest, waitMs: number) => number
  }): void
}

const scope = { name: '@perfmon/agent-probe', version: probeVersion }

const describeAgent = (settings: Settings, hostName: string, identity: ProcessIdentity) => ({
  [attributeNames.hostName]: hostName,
  ...settings.resource,
  [attributeNames.serviceInstanceId]: identity.instanceId(),
  [attributeNames.processPid]: process.pid,
  [attributeNames.processParentPid]: process.ppid,
  ...(identity.parentInstanceId !== undefined && {
    [attributeNames.parentInstanceId]: identity.parentInstanceId,
  }),
  'process.runtime.name': 'nodejs',
  'process.runtime.version': process.versions.node,
  'telemetry.sdk.name': 'opentelemetry',
  'telemetry.sdk.language': 'nodejs',
  'telemetry.sdk.version': '3.1.0',
  'telemetry.distro.name': 'perfmon',
  'telemetry.distro.version': probeVersion,
})

const isSuccess = (status: number) => status >= 200 && status < 300

/** Sums and histograms are contained in the next report; only gauges are gone with a lost one. */
const countGauges = ({ scopeMetrics }: ResourceMetrics): number =>
  scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .filter(({ dataPointType }) => dataPointType === DataPointType.GAUGE)
    .reduce((points, { dataPoints }) => points + dataPoints.length, 0)

/** Wires a report's journey: settings, collection, the OpenTelemetry SDK, the receiver. */
export const createTelemetry = ({
  recordings,
  guard,
  environment,
  sources,
  identity,
}: {
  recordings: Recordings
  guard: HookGuard
  environment: AgentEnvironment
  sources: Sources
  identity: ProcessIdentity
}): Telemetry => {
  const now = Date.now
  const hostName = hostname()
  const { settings, warnings } = readSettings({
    env: environment.env,
    script: process.argv[1],
    nameOf: environment.nameOf,
    isChild: identity.parentInstanceId !== undefined,
  })
  const writeLine = createWriteLine(settings.logLevel)
  for (const warning of [...environment.warnings, ...warnings]) writeLine('warn', `${warning}.`)

  const anonymize = settings.anonymization && createAnonymizer(settings.anonymization)
  const scrubber = createScrubber(anonymize)
  const account = createProbeAccount()
  const log = createDeliveryLog({ url: settings.url, writeLine })
  const delta = settings.temporality === 'delta' ? createDeltaView() : undefined
  const collector = createMetricCollector({
    recordings,
    guard,
    account,
    readState: () =>
      reader && {
        ...budget.view(),
        intervalMs: reader.pace().intervalMs,
        samplingRatio: 1 / recordings.sampling.server.rate.keepOneOf,
        memoryBytes: memoryBytes(),
      },
    level: settings.level,
    sources,
    hostMetrics: settings.hostMetrics,
    intervalMs: settings.intervalMs,
    startedAtMs: performance.timeOrigin,
    now,
  })
  const collect = (exit?: AgentExit): MetricData[] => {
    const metrics = scrubber.metrics(collector.collect(exit))
    return delta ? delta.apply(metrics) : metrics
  }

  const given = scrubber.attributes(settings.resource)
  const givenName = given[attributeNames.serviceName] ?? 'node'
  // A name that somebody gave on purpose is meant to be read; one that is the script's is not.
  const isScriptName = givenName === defaultServiceName(process.argv[1])
  const serviceName =
    isScriptName && settings.anonymization?.names && anonymize
      ? anonymize(attributeNames.hostName, givenName)
      : givenName
  const attributes = {
    ...scrubber.attributes(describeAgent(settings, hostName, identity)),
    [attributeNames.serviceName]: serviceName,
  }
  /** Where the agent can be asked. */
  let places: Readonly<Record<string, string>> = {}
  let transport: Transport | undefined
  let provider: MeterProvider | undefined
  let reader: ReportReader | undefined

  let described: { intervalMs: number; places: object; resource: Resource } | undefined

  /** Made anew only when something in it changed. */
  const describe = () => {
    // The promise by which lateness is judged: the longest gap.
    const intervalMs = reader?.announcedMs() ?? settings.idleIntervalMs
    if (described?.intervalMs === intervalMs && described.places === places) return described.resource
    const resource = resourceFromAttributes({
      ...attributes,
      [attributeNames.reportInterval]: intervalMs,
      ...places,
    })
    described = { intervalMs, places, resource }
    return resource
  }

  const memoryBytes = () =>
    estimateMemory({ recordings, reportBytes: account.sentBytes().last, isDelta: delta !== undefined })
  /** What was asked for; the budget may make it slower. */
  let pace: Pace = settings
  const ladder = settings.sampling.mode === 'adaptive' ? adaptiveLadder : recordingLadder
  let rung = ladder[0]!
  const interval: ReportInterval = {
    readMs: () => pace.intervalMs,
    setMs(intervalMs) {
      pace = { intervalMs, idleIntervalMs: Math.max(intervalMs, settings.idleIntervalMs) }
      reader?.setPace(slowPace(pace, rung))
    },
  }
  const applySampling = () => {
    const { keepOneOf, importantInFull } = settings.sampling.rate
    const rate = {
      keepOneOf: Math.max(keepOneOf, rung.keepOneOf),
      importantInFull: importantInFull && rung.importantInFull,
    }
    recordings.sampling.server.rate = rate
    recordings.sampling.client.rate = rate
  }
  applySampling()
  const budget = watchBudget({
    limits: settings.budget,
    ladder,
    read: () => ({
      reportSeconds: account.cpuSeconds(),
      hookSeconds: guard.hookSeconds(),
      memoryBytes: memoryBytes(),
    }),
    nowMs: () => performance.now(),
    apply(next, isFull) {
      rung = next
      applySampling()
      reader?.setPace(slowPace(pace, rung))
      collector.setDetail(rung.detail)
      recordings.admission.isOpen = !isFull
    },
    writeLine,
  })

  const settled = (report: ResourceMetrics, error: Error | undefined) => {
    if (error === undefined) {
      delta?.arrived()
      log.delivered()
      return
    }
    const failure = error instanceof DeliveryError ? error : new DeliveryError('unreachable', error.message)
    account.drop(failure.reason, countGauges(report))
    log.failed(failure)
  }

  return {
    identity: {
      service: serviceName,
      instance: attributes[attributeNames.serviceInstanceId] ?? '',
    },
    async start() {
      places = await startWebSocket({
        settings,
        recordings,
        writeLine,
        vitals: collector.vitals,
        identity: {
          agentId: attributes[attributeNames.serviceInstanceId],
          agentType: serviceName,
          swarm: given[attributeNames.serviceNamespace],
        },
        hostName,
        interval,
      })
      transport = createTransport({ settings, account, now })
      reader = new ReportReader({
        exporter: createExporter({ settings, transport, account }),
        account,
        collect: () => ({
          resourceMetrics: { resource: describe(), scopeMetrics: [{ scope, metrics: collect() }] },
          errors: [],
        }),
        resource: describe,
        pace: settings,
        look: budget.look,
        activity: watchActivity({ recordings, readCpuSeconds }),
        now,
        settled,
        unmade: log.unmade,
      })
      // Private: a provider registered globally with our copy of the API would shut out the agent's own.
      provider = new MeterProvider({ resource: describe(), readers: [reader] })
    },

    async stop() {
      await provider?.shutdown()
      transport?.shutdown()
      collector.stop()
    },

    flush({ exit, sinceMs, later }) {
      const { exitWaitMs } = settings
      if (exitWaitMs === 0) return
      const left = () => Math.max(0, sinceMs + exitWaitMs - performance.now())
      // A report under way is waited for first: what it holds must not be counted twice.
      let open = transport?.takeOver()
      if (open?.received !== undefined) {
        const answer = awaitAnswer(open, left() / 2)
        if (answer !== undefined && isSuccess(answer.status)) delta?.arrived()
        if (!answer?.reusable) open = undefined
      }
      const body = chooseSerializer(settings.protocol).serializeRequest({
        resource: describe(),
        scopeMetrics: [{ scope, metrics: collect(exit) }],
      })
      if (body === undefined) return
      const report: PostRequest = {
        url: settings.url,
        headers: requestHeaders(settings),
        tls: settings.tls,
        body:
          settings.compression === 'gzip'
            ? process.getBuiltinModule('node:zlib').gzipSync(body, { level: 1 })
            : body,
      }
      const status =
        sendOnOpenSocket({ socket: open?.socket, report, waitMs: left() }) ??
        sendOnNewSocket(report, left()) ??
        (left() > 0 ? later(report, left()) : 0)
      if (isSuccess(status)) return
      const message =
        status > 0 ? `status ${status}` : status < 0 ? 'no connection' : `no answer in ${exitWaitMs} ms`
      log.failedAtExit(new DeliveryError(status === 0 ? 'timeout' : 'unreachable', message))
    },
  }
}

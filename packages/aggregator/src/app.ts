import { createHash, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEvaluator } from '@perfmon/core'
import { dialInPath } from '@perfmon/protocol'
import { createAgentActions } from './act/agent-actions.ts'
import type { Configuration } from './configuration.ts'
import { demandTokenBeyondLoopback } from './configuration.ts'
import { runEvaluator } from './evaluate/run-evaluator.ts'
import { loadRules } from './load-rules.ts'
import type { Channel } from './notify/channel.ts'
import { consoleChannel } from './notify/console-channel.ts'
import { runNotifier } from './notify/run-notifier.ts'
import { webhookChannel } from './notify/webhook-channel.ts'
import { startPipeline } from './pipeline.ts'
import { createAgentRegister, isForgotten } from './receive/agent-register.ts'
import { apiCollector } from './receive/collect/api-collector.ts'
import { memoryCollector } from './receive/collect/memory-collector.ts'
import { neuralCollector } from './receive/collect/neural-collector.ts'
import { runCollectors } from './receive/collect/run-collectors.ts'
import { swarmCollector } from './receive/collect/swarm-collector.ts'
import { systemCollector } from './receive/collect/system-collector.ts'
import { createDialIn } from './receive/dial-in.ts'
import { discoverySources } from './receive/discovery/discovery-sources.ts'
import { runDiscovery } from './receive/discovery/run-discovery.ts'
import { createIngest } from './receive/ingest.ts'
import { createIngestHealth } from './receive/ingest-health.ts'
import { refuseWhileStoreIsBusy } from './receive/otlp-back-pressure.ts'
import { startOtlpServer } from './receive/otlp-http-server.ts'
import { readOtlpTls } from './receive/read-otlp-tls.ts'
import { startPoller } from './receive/run-poller.ts'
import { createRegisterRunner } from './receive/run-register.ts'
import { createSampleState } from './receive/sample-state.ts'
import { publishSelfMetrics } from './self-metrics.ts'
import { createAccess } from './serve/access.ts'
import { actionRoutes } from './serve/action-routes.ts'
import { apiRoutes } from './serve/api-routes.ts'
import { createApiServer } from './serve/api-server.ts'
import { livePath, startLiveStream } from './serve/live-stream.ts'
import { createLiveView } from './serve/live-view.ts'
import { routeUpgrades } from './serve/route-upgrades.ts'
import { createAgentTable } from './store/agent-table.ts'
import { fillVitalHistory } from './store/fill-vital-history.ts'
import { openStore } from './store/open-store.ts'
import { createSeriesTable } from './store/series-table.ts'
import { createVitalHistory } from './store/vital-history.ts'
import type { Clock } from './system/clock.ts'
import { systemClock } from './system/clock.ts'
import { listen } from './system/listen.ts'
import { createLogger } from './system/logger.ts'
import { startSelfTelemetry } from './system/self-telemetry.ts'
import { createShutdownList } from './system/shutdown-list.ts'
import { version } from './version.ts'

export interface AggregatorOptions {
  readonly configuration: Configuration
  readonly clock?: Clock
  /** Gets the console channel's lines. */
  readonly write: (line: string) => void
}

export interface Aggregator {
  /** `http://HOST:PORT` of the dashboard and the API. */
  readonly dashboard: string
  /** `http://HOST:PORT` to send OTLP/HTTP to. */
  readonly otlp: string
  /** How many rules watch. */
  readonly rules: number
  /** Polls one more agent (`ws://HOST:PORT/metrics`) from now on. */
  pollAgent(url: string): void
  /** Stops taking, finishes what is under way, writes what is buffered. */
  close(): Promise<void>
}

/** Slot of the tick: screens and silence are looked at once a second. */
const tickMs = 1_000
const maxBindings = 5_000_000

const dashboardDir = join(
  dirname(fileURLToPath(import.meta.resolve('@perfmon/dashboard/package.json'))),
  'dist',
)

/**
 * Builds and starts the aggregator, in the order in which data flows. A part that fails takes down what was built
 * before it and the error goes to the caller.
 *
 * @throws ConfigurationError, StoreError, ListenError: each with a sentence fit to be shown
 */
export async function startAggregator(options: AggregatorOptions): Promise<Aggregator> {
  const { configuration, clock = systemClock, write } = options
  demandTokenBeyondLoopback(configuration)
  const { token } = configuration
  const { rules, files } = await loadRules(configuration.rules)
  const logger = createLogger({ level: configuration.logLevel })
  const shutdown = createShutdownList(logger)
  const nowMs = () => clock.nowMs()
  const startedMs = nowMs()
  const renderTime = (timeMs: number) => new Date(timeMs).toISOString()

  try {
    const telemetry = startSelfTelemetry(version)
    shutdown.add('telemetry', telemetry.close)

    // store
    const store = await openStore({
      dir: configuration.data.dir,
      nowMs,
      retention: {
        days: configuration.data.retention / 86_400_000,
        minuteDays: configuration.data.retention_minutes / 86_400_000,
        hourDays: configuration.data.retention_hours / 86_400_000,
        bytes: configuration.data.max_mib * 1_048_576,
      },
      warn: (message, details) => logger.warn(details, message),
    })
    shutdown.add('store', () => store.close())
    const agents = createAgentTable(store.stored.agents.filter((agent) => !isForgotten(agent, startedMs)))
    const series = createSeriesTable(store.stored.series, (id) => agents.get(id) !== undefined, {
      perAgent: configuration.limits.series_per_agent,
      total: configuration.limits.series,
    })
    const history = createVitalHistory()
    await fillVitalHistory({ history, store, agents, series, nowMs: startedMs })
    agents.onRemoved((id) => {
      series.forgetAgent(id)
      history.forget(id)
    })

    // receive
    const register = createAgentRegister({
      table: agents,
      maxAgents: configuration.limits.agents,
      listeningSinceMs: startedMs,
    })
    const state = createSampleState(store.stored)
    const ingest = createIngest({
      store,
      series,
      state,
      agents: register,
      history,
      nowMs,
      lateWindowMs: configuration.limits.late_window,
      futureWindowMs: configuration.limits.future_window,
    })
    agents.onRemoved(ingest.forgetAgent)

    // evaluate
    const evaluator = createEvaluator({ rules, openAlerts: store.stored.openAlerts, maxBindings })
    const evaluation = runEvaluator({
      evaluator,
      store,
      agents,
      series,
      clock,
      listeningSinceMs: startedMs,
      logger,
    })

    // act: polled agents and those that dial in are asked over the same lines
    const poller = startPoller({
      intervalMs: configuration.poll.interval,
      timeoutMs: configuration.poll.timeout,
      longestWaitMs: configuration.poll.reconnect_max,
      mostConnecting: configuration.poll.connecting,
      token,
      ingest,
      agents,
      register,
      clock,
      logger,
    })
    shutdown.add('poller', () => poller.close())
    const discovery = runDiscovery({
      sources: await discoverySources({
        settings: configuration.discovery,
        addresses: configuration.poll.agents,
        environment: process.env,
        agents,
        clock,
        logger,
      }),
      maxAgents: configuration.poll.max_agents,
      add: poller.add,
      remove: poller.remove,
      logger,
    })
    shutdown.add('discovery', () => discovery.close())
    const dialIn = createDialIn({ poller, logger })
    shutdown.add('dial-in', () => dialIn.close())
    const agentActions = createAgentActions({
      lines: poller,
      agents,
      store,
      nowMs,
      newRequestId: randomUUID,
      instance: instanceName(configuration.data.dir),
      logger,
    })

    // serve: the doors for people open before notify, because notifications carry the dashboard's address
    const ingestHealth = createIngestHealth({ ingest, series, store })
    const view = createLiveView({ agents, store, history, ingest: ingestHealth.read })
    await view.refresh(startedMs)
    let otlpUrl = ''
    let notReady: string | null = 'starting'
    const deny = createAccess({ token, host: configuration.server.host })
    const dataDir = resolve(configuration.data.dir)
    const routes = apiRoutes({
      store,
      agents,
      series,
      view,
      nowMs,
      version,
      startedMs,
      otlpUrl: () => otlpUrl,
      dataDir,
      actions: actionRoutes({ actions: agentActions }),
      reachableBy: agentActions.reachableBy,
    })
    const apiServer = createApiServer({
      deny,
      routes,
      telemetry,
      dashboardDir,
      notReadyReason: () => notReady,
      logger,
    })
    const live = startLiveStream({
      view,
      nowMs,
      version,
      updateIntervalMs: tickMs,
      rules: rules.length,
      logger,
    })
    const upgrades = routeUpgrades({
      server: apiServer,
      deny,
      doors: { [livePath]: live.upgrade, [dialInPath]: dialIn.upgrade },
    })
    const { host, port } = configuration.server
    const dashboard = await listen(apiServer, { host, port, option: '--port' })
    shutdown.add('api', () => closeServer(apiServer))
    shutdown.add('live', () => live.close())

    const collectors = runCollectors({
      settings: configuration.collectors,
      make: {
        system: (level) => systemCollector({ level, dataDir }),
        api: (level) => apiCollector({ level, server: apiServer }),
        swarm: (level) => swarmCollector({ level, agents }),
        neural: (level) =>
          neuralCollector({
            level,
            stored: store.stored.series,
            onSamples: store.onSamples,
            seriesById: series.byId,
            swarmOf: (id) => agents.get(id)?.swarm,
          }),
        memory: (level) => memoryCollector({ level, agents }),
      },
      ingest,
      clock,
      logger,
    })
    shutdown.add('collectors', () => collectors.close())

    // notify
    const channels: Channel[] = []
    if (configuration.notify.console) channels.push(consoleChannel(write, renderTime))
    if (configuration.notify.webhook) {
      const { url, timeout: timeoutMs } = configuration.notify.webhook
      channels.push(
        webhookChannel({ name: 'webhook', url, externalUrl: dashboard.url, timeoutMs, renderTime }),
      )
    }
    const notifier = runNotifier({ channels, store, clock, logger })
    shutdown.add('notifier', () => notifier.close())

    // the doors for agents open last: whoever is heard is stored, judged and shown
    const pipeline = startPipeline(
      {
        register: createRegisterRunner({ agents: register, store, logger }),
        evaluate: evaluation.sweep,
        serve: live.tick,
      },
      { intervalMs: tickMs, nowMs, logger },
    )
    shutdown.add('pipeline', () => pipeline.close())
    const otlpServer = await startOtlpServer({
      host: configuration.otlp.host,
      port: configuration.otlp.port,
      maxBodyBytes: configuration.otlp.max_body_mib * 1_048_576,
      ...(token === undefined ? {} : { token }),
      pathPrefix: configuration.otlp.path_prefix,
      corsOrigins: configuration.otlp.cors_origins,
      tls: await readOtlpTls(configuration.otlp.tls),
      ingest: refuseWhileStoreIsBusy(ingest),
      logger,
    })
    shutdown.add('otlp', () => otlpServer.close())
    otlpUrl = otlpServer.address.url

    publishSelfMetrics(telemetry, {
      ingest,
      otlp: otlpServer,
      register,
      poller,
      discovery,
      collectors,
      dialIn,
      refusedUpgrades: upgrades.refused,
      agents,
      series,
      evaluator,
      evaluation,
      notifier,
      live,
      pipeline,
      storeStats: ingestHealth.storeStats,
    })
    await store.appendEvents([
      { type: 'aggregator-started', timeMs: startedMs, version },
      ...files.map(({ file, rules: count }) => ({
        type: 'rules-loaded' as const,
        timeMs: startedMs,
        file,
        rules: count,
      })),
    ])
    shutdown.add('farewell', () =>
      store.appendEvents([{ type: 'aggregator-stopped', timeMs: nowMs(), version }]),
    )
    notReady = null
    return {
      dashboard: dashboard.url,
      otlp: otlpUrl,
      rules: rules.length,
      pollAgent: (url) => poller.add({ url, labels: {} }),
      async close() {
        notReady = 'stopping'
        await shutdown.run()
      },
    }
  } catch (error) {
    await shutdown.run()
    throw error
  }
}

/** The same after a restart: agents keep who changed them. */
function instanceName(dataDir: string): string {
  const digest = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 8)
  return `${hostname()}-${digest}`.slice(-128)
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()))
  server.closeIdleConnections()
  // A page that keeps its connection must not keep the process: requests under way get a moment.
  const timer = setTimeout(() => server.closeAllConnections(), 2_000)
  await closed
  clearTimeout(timer)
}

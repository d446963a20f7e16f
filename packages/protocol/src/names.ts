/**
 * Metric and attribute names that Perfmon reads or writes. OpenTelemetry semantic conventions where one
 * exists (semantic-conventions 1.44; `nodejs.*`, `v8js.*` and `process.*` are not stable there yet),
 * the `perfmon.` prefix where none does: the naming rules forbid extending an OpenTelemetry namespace.
 *
 * Plain strings without a dependency: the probe bundles this file into somebody else's process.
 */
export const metricNames = {
  processCpuTime: 'process.cpu.time',
  processCpuUtilization: 'process.cpu.utilization',
  processMemoryUsage: 'process.memory.usage',
  processMemoryUtilization: 'process.memory.utilization',
  processUptime: 'process.uptime',
  eventLoopUtilization: 'nodejs.eventloop.utilization',
  eventLoopTime: 'nodejs.eventloop.time',
  eventLoopDelayPrefix: 'nodejs.eventloop.delay.',
  heapUsed: 'v8js.memory.heap.used',
  gcDuration: 'v8js.gc.duration',
  httpServerDuration: 'http.server.request.duration',
  httpServerActiveRequests: 'http.server.active_requests',
  httpClientDuration: 'http.client.request.duration',
  httpClientActiveRequests: 'http.client.active_requests',
  /** Whole V8 heap limit in bytes. Own name: semconv 1.44 has `v8js.memory.heap.limit` only as deprecated. */
  heapLimit: 'perfmon.v8.heap.limit',
  /** Worker threads that run. */
  workersActive: 'perfmon.worker.active',
  /** Worker threads started, ended ones included. */
  workersStarted: 'perfmon.worker.started',
  /** Seconds of all worker threads' event loops, by {@link attributeNames.eventLoopState}. */
  workerEventLoopTime: 'perfmon.worker.eventloop.time',
  /** Gauge: the busiest worker thread's event loop since the last report. */
  workerEventLoopUtilization: 'perfmon.worker.eventloop.utilization',
  /** Used bytes of all worker threads' heaps. */
  workerHeapUsed: 'perfmon.worker.memory.heap.used',
  /** Gauge: used over limit, of the worker thread that is nearest to its own. */
  workerHeapUtilization: 'perfmon.worker.memory.heap.utilization',
  /** Gauge, sent once at exit: the exit code, with {@link attributeNames.exitReason}. */
  agentExit: 'perfmon.agent.exit',
  /** Points the probe could not deliver. */
  probeDroppedPoints: 'perfmon.probe.dropped_points',
  /** Seconds of CPU that the probe itself used, by `perfmon.probe.part`: `report` or `hooks`. */
  probeCpuTime: 'perfmon.probe.cpu.time',
  /** Estimated bytes of the probe's tables, buffers and code. */
  probeMemoryUsage: 'perfmon.probe.memory.usage',
  /** Bytes written to the receiver, heads and compression included. */
  probeSentBytes: 'perfmon.probe.sent.bytes',
  /** Bytes of the reports before compression. */
  probeReportBytes: 'perfmon.probe.report.bytes',
  /** Requests to the receiver. */
  probeSentRequests: 'perfmon.probe.sent.requests',
  /** Share of its budget that the probe uses, by `perfmon.probe.budget.kind`: `cpu` or `memory`. */
  probeBudgetUsed: 'perfmon.probe.budget.utilization',
  /** How many steps below full recording the probe works. */
  probeBudgetStep: 'perfmon.probe.budget.step',
  /** Steps taken so far, by `perfmon.probe.budget.direction`: `down` or `up`. */
  probeBudgetChanges: 'perfmon.probe.budget.changes',
  /** Seconds between two reports of a busy agent, as in force. */
  probeInterval: 'perfmon.probe.report.interval',
  /** Share of HTTP requests that are recorded; absent while it is all of them. */
  probeSamplingRatio: 'perfmon.probe.sampling.ratio',
} as const

/**
 * AI work. `gen_ai.*` and `mcp.*` are OpenTelemetry's (semantic-conventions-genai, in development), durations
 * in seconds; the `perfmon.` ones say what has no name there.
 */
export const aiMetricNames = {
  operationDuration: 'gen_ai.client.operation.duration',
  timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  tokenUsage: 'gen_ai.client.token.usage',
  invokeAgentDuration: 'gen_ai.invoke_agent.duration',
  executeToolDuration: 'gen_ai.execute_tool.duration',
  workflowDuration: 'gen_ai.workflow.duration',
  mcpClientDuration: 'mcp.client.operation.duration',
  mcpServerDuration: 'mcp.server.operation.duration',
  /** Jobs taken from a queue. */
  jobDuration: 'messaging.process.duration',
  /** Tokens that `gen_ai.client.token.usage` contains already, told apart. */
  tokenDetail: 'perfmon.gen_ai.client.token.detail',
  /** HTTP requests to models: client libraries repeat failed ones, so these are more than the operations. */
  attempts: 'perfmon.gen_ai.client.attempt',
  /** Operations by why the model stopped. */
  finishes: 'perfmon.gen_ai.client.finish',
  /** Estimated, in USD. */
  cost: 'perfmon.gen_ai.client.cost',
  /** Operations of which something could not be told: `usage`, or the `price` of their model. */
  unknowns: 'perfmon.gen_ai.client.unknown',
  handoffs: 'perfmon.gen_ai.agent.handoff',
  /**
   * What an agent says it used through another process (Claude Code), which reports the same under its own name:
   * never to be added to `gen_ai.client.*` or to what that process reports.
   */
  agentTokens: 'perfmon.gen_ai.agent.token.usage',
  agentTokenDetail: 'perfmon.gen_ai.agent.token.detail',
  agentCost: 'perfmon.gen_ai.agent.cost',
} as const

/**
 * Messages between agents, and what an agent tells of its own work through `@perfmon/agent-probe/api`.
 * Semantic conventions have no names for them (`messaging.*` speaks of brokers). Durations in seconds.
 */
export const coordinationMetricNames = {
  /** From a message's sending to its receipt, by who sent it; told by the receiver. */
  messageLatency: 'perfmon.message.latency',
  /** From a ping to its answer, by who answered. For HTTP see `http.client.request.duration`. */
  messageRoundTrip: 'perfmon.message.round_trip.duration',
  messagesSent: 'perfmon.message.sent',
  messagesReceived: 'perfmon.message.received',
  messageSize: 'perfmon.message.size',
  /** Messages sent because of one that was received, or within one task. */
  messageFanOut: 'perfmon.message.fan_out',
  /** What could not be measured of messages, by {@link coordinationAttributeNames.gap}. */
  messageGaps: 'perfmon.message.gap',
  taskDuration: 'perfmon.task.duration',
  taskStarted: 'perfmon.task.started',
  taskActive: 'perfmon.task.active',
  /** Tasks whose key this agent had worked on within the last ten minutes. */
  taskDuplicates: 'perfmon.task.duplicate',
  /** From a task's or job's arrival in a queue to its start. A delay that was asked for is no wait. */
  queueWait: 'perfmon.task.queue.wait.duration',
  queueSize: 'perfmon.task.queue.size',
  queueLimit: 'perfmon.task.queue.limit',
  cacheRequests: 'perfmon.cache.request',
  /** Hits over requests since the last report. */
  cacheHitRatio: 'perfmon.cache.hit.ratio',
  cacheSize: 'perfmon.cache.size',
  cacheEvictions: 'perfmon.cache.eviction',
  /** What of the explicit API's calls was refused, by {@link coordinationAttributeNames.refused}. */
  apiRefused: 'perfmon.probe.api.refused',
} as const

/**
 * What senders without a probe tell under names of their own, in one spelling (counters unless said otherwise). Model calls,
 * tools, tokens and costs have theirs in {@link aiMetricNames}.
 */
export const agentWorkNames = {
  sessions: 'perfmon.agent.session',
  /** Seconds in which somebody, user or agent, did something. */
  activeTime: 'perfmon.agent.active.time',
  prompts: 'perfmon.agent.prompt',
  /** Histogram, seconds. */
  hookDuration: 'perfmon.hook.duration',
  /** Gauges of model servers. */
  serverRunning: 'perfmon.model_server.request.running',
  serverWaiting: 'perfmon.model_server.request.waiting',
  serverCacheUsage: 'perfmon.model_server.cache.utilization',
} as const

export const attributeNames = {
  serviceName: 'service.name',
  serviceNamespace: 'service.namespace',
  serviceInstanceId: 'service.instance.id',
  serviceVersion: 'service.version',
  processPid: 'process.pid',
  processParentPid: 'process.parent_pid',
  /** Resource attribute: `service.instance.id` of the watched process that started this one. */
  parentInstanceId: 'perfmon.parent.instance_id',
  hostName: 'host.name',
  cpuMode: 'cpu.mode',
  httpMethod: 'http.request.method',
  httpStatusCode: 'http.response.status_code',
  httpRoute: 'http.route',
  errorType: 'error.type',
  urlScheme: 'url.scheme',
  /** Told for HTTP/2 alone: without it, it is HTTP/1.1. */
  protocolVersion: 'network.protocol.version',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  heapSpaceName: 'v8js.heap.space.name',
  gcType: 'v8js.gc.type',
  eventLoopState: 'nodejs.eventloop.state',
  /** `normal`, `signal` or `crash`. */
  exitReason: 'perfmon.exit.reason',
  /** Resource attribute: how often the sender reports, in milliseconds. Lateness is judged by it. */
  reportInterval: 'perfmon.report.interval',
  /** Resource attribute: `ws://HOST:PORT/metrics` where the agent answers `metrics_request`. */
  agentWebSocketUrl: 'perfmon.agent.websocket.url',
  /**
   * Resource attribute of an agent that dials out: `dial-in:` and the SHA-256 of the secret of its
   * `agent_hello`. Only the process that reports so can dial in as itself.
   */
  agentDialAddress: 'perfmon.agent.dial.address',
} as const

/** Attributes of {@link aiMetricNames}. */
export const aiAttributeNames = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  /** `input` or `output`. */
  tokenType: 'gen_ai.token.type',
  agentName: 'gen_ai.agent.name',
  toolName: 'gen_ai.tool.name',
  workflowName: 'gen_ai.workflow.name',
  mcpMethodName: 'mcp.method.name',
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingOperation: 'messaging.operation.name',
  /** Who told: `openai-agents`, `ai-sdk`, `langchain`, `mastra`, `claude-agent-sdk`. */
  framework: 'perfmon.framework',
  /** `cache_read` or `cache_write` (part of the input), `reasoning` (part of the output). */
  tokenDetail: 'perfmon.gen_ai.token.detail',
  /** `ok`, `error` or `cancelled`. */
  outcome: 'perfmon.outcome',
  finishReason: 'perfmon.gen_ai.finish_reason',
  /** What is unknown: `usage` or `price`. */
  unknown: 'perfmon.unknown',
  handoffTo: 'perfmon.gen_ai.agent.handoff.to',
} as const

/** Attributes of {@link coordinationMetricNames}. */
export const coordinationAttributeNames = {
  /** `service.name` of the other agent, as it told it itself. */
  peer: 'service.peer.name',
  /** `http`, `ipc`, `thread`, `websocket`, `bullmq`, or what the agent calls its own. */
  transport: 'perfmon.message.transport',
  /** `sent` or `received`. */
  direction: 'perfmon.message.direction',
  /**
   * `clock_skew`: a latency was negative and became 0. `late_headers`: the request could not be marked.
   * `rate_limited`, `nobody_listened`: the time of a message between processes was not told, or told too early.
   * `peer_overflow`: the latency of an agent beyond the hundredth, under `_OTHER`.
   */
  gap: 'perfmon.message.gap.reason',
  taskName: 'perfmon.task.name',
  queueName: 'perfmon.queue.name',
  cacheName: 'perfmon.cache.name',
  /** `hit` or `miss`. */
  cacheResult: 'perfmon.cache.result',
  /** `name`, `kind`, `value`, `callback`, `too_many`, `ended_twice`. */
  refused: 'perfmon.probe.api.refused.reason',
} as const

/** The machine that an agent runs on, as semantic conventions 1.44 name it; told by agents that are asked to. */
export const hostMetricNames = {
  cpuTime: 'system.cpu.time',
  cpuUtilization: 'system.cpu.utilization',
  memoryUsage: 'system.memory.usage',
  memoryUtilization: 'system.memory.utilization',
  networkIo: 'system.network.io',
  diskIo: 'system.disk.io',
  diskOperations: 'system.disk.operations',
  filesystemUsage: 'system.filesystem.usage',
} as const

/** Attributes of {@link hostMetricNames}. */
export const hostAttributeNames = {
  /** `used`, `free`, `buffers` or `cached`. */
  memoryState: 'system.memory.state',
  networkInterface: 'network.interface.name',
  /** `receive` or `transmit`. */
  networkDirection: 'network.io.direction',
  device: 'system.device',
  /** `read` or `write`. */
  diskDirection: 'disk.io.direction',
  /** `used`, `free` or `reserved`. */
  filesystemState: 'system.filesystem.state',
  filesystemType: 'system.filesystem.type',
  /** `ro` or `rw`. */
  filesystemMode: 'system.filesystem.mode',
  filesystemMountpoint: 'system.filesystem.mountpoint',
} as const

/** Swarm of an agent that names none (`service.namespace` absent). */
export const defaultSwarm = 'default'

/**
 * An agent's vital signs: gauges that the aggregator derives from whatever the agent sends, OTLP or
 * WebSocket, so that one rule and one column of the dashboard fit every agent. An unknown vital sign has
 * no sample; it is never zero.
 */
export const vitalMetrics = {
  /** `1` = one CPU core fully used. May pass 1 with worker threads. */
  cpu: 'perfmon.agent.cpu.utilization',
  /** `1` = the nearest memory limit (container or host, or V8 heap) reached. */
  memory: 'perfmon.agent.memory.utilization',
  /** Seconds: mean duration of the requests served since the last report. */
  responseTime: 'perfmon.agent.response.duration',
  /** `1` = every request served or made since the last report failed. */
  errorRate: 'perfmon.agent.error.ratio',
  /** Open requests or connections. */
  activeConnections: 'perfmon.agent.connection.active',
  /** Requests served or made, per second. */
  requestRate: 'perfmon.agent.request.rate',
  /** `1` = the event loop never idle. */
  eventLoop: 'perfmon.agent.eventloop.utilization',
} as const

export type VitalName = keyof typeof vitalMetrics

/** Every vital sign, in the order in which tables and messages list them. */
export const vitalNames = Object.keys(vitalMetrics) as readonly VitalName[]

// Bodies as a swarm's agents send them, made by OpenTelemetry's own serializers: for the benchmarks of decoding and of
// the whole receiver.
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'

const fromCore = createRequire(new URL('../packages/core/package.json', import.meta.url))
const { ProtobufMetricsSerializer, JsonMetricsSerializer } = fromCore('@opentelemetry/otlp-transformer')
const { resourceFromAttributes } = fromCore('@opentelemetry/resources')

function metric(name, unit, dataPointType, points) {
  const descriptor = { name, unit, description: `What ${name} is.`, valueType: 1 }
  return { descriptor, dataPointType, aggregationTemporality: 1, isMonotonic: true, dataPoints: points }
}

function request(agent, round, routes) {
  const startTime = [1_795_000_000, 0]
  const endTime = [1_795_000_000 + round * 10, agent * 1_000_003]
  const point = (attributes, value) => ({ attributes, startTime, endTime, value })
  const of = (key, values, value) => values.map((name, index) => point({ [key]: name }, value(index)))
  const requests = Array.from({ length: routes }, (_, index) => ({
    'http.request.method': index % 2 ? 'GET' : 'POST',
    'http.response.status_code': 200,
    'http.route': `/tools/${index}`,
    'url.scheme': 'http',
  }))
  const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
  const histogram = (index) => ({
    buckets: { boundaries, counts: boundaries.concat(0).map((_, bucket) => (bucket * round + index) % 9) },
    count: 40 + round,
    sum: 3.25 * round,
  })
  const metrics = [
    metric(
      'process.cpu.time',
      's',
      3,
      of('cpu.mode', ['user', 'system'], (index) => round + index / 7),
    ),
    metric('process.memory.usage', 'By', 2, [point({}, 5e7 + round)]),
    metric(
      'v8js.memory.heap.used',
      'By',
      2,
      of('v8js.heap.space.name', ['new_space', 'old_space', 'code_space'], () => round),
    ),
    metric(
      'nodejs.eventloop.time',
      's',
      3,
      of('nodejs.eventloop.state', ['active', 'idle'], (index) => round * index),
    ),
    metric(
      'http.server.request.duration',
      's',
      0,
      requests.map((attributes, index) => point(attributes, histogram(index))),
    ),
    metric(
      'gen_ai.client.token.usage',
      '{token}',
      3,
      requests.map((attributes, index) =>
        point({ ...attributes, 'gen_ai.token.type': 'input' }, index * round),
      ),
    ),
    metric(
      'http.server.active_requests',
      '{request}',
      2,
      requests.map((attributes, index) => point(attributes, index)),
    ),
  ]
  const resource = resourceFromAttributes({
    'service.name': 'researcher',
    'service.namespace': 'swarm-1',
    'service.instance.id': `agent-${agent}-6f1c2a`,
    'service.version': '1.4.2',
    'host.name': 'worker-3',
    'process.pid': 4000 + agent,
    'telemetry.sdk.language': 'nodejs',
  })
  return { resource, scopeMetrics: [{ scope: { name: '@perfmon/agent-probe', version: '0.1.0' }, metrics }] }
}

/** One body per agent and round. */
export function makeBodies({ agents, rounds, routes }) {
  const requests = Array.from({ length: agents * rounds }, (_, index) =>
    request(index % agents, 1 + Math.floor(index / agents), routes),
  )
  const points = requests[0].scopeMetrics[0].metrics.reduce(
    (sum, { dataPoints }) => sum + dataPoints.length,
    0,
  )
  return {
    points,
    protobuf: requests.map((one) => ProtobufMetricsSerializer.serializeRequest(one)),
    json: requests.map((one) => Buffer.from(JsonMetricsSerializer.serializeRequest(one)).toString()),
  }
}

const attributeSets = 60

/** One agent's report: sums and gauges mostly, a histogram in twenty points, 570 points in all. */
function steadyRequest(agent, round, startMs, timeMs) {
  const time = (ms) => [Math.floor(ms / 1_000), (ms % 1_000) * 1e6]
  const point = (attributes, value) => ({
    attributes,
    startTime: time(startMs),
    endTime: time(timeMs + (agent % 1_000)),
    value,
  })
  const sets = Array.from({ length: attributeSets }, (_, index) => ({
    'gen_ai.request.model': `model-${index % 5}`,
    'gen_ai.tool.name': `tool-${index}`,
    'server.address': 'models.internal.example',
  }))
  const metrics = []
  for (let index = 0; index < 9; index++) {
    const value = (set) =>
      index % 2 ? round * (set + 1) + index : ((round * 31 + set * 17 + agent) % 1_000) / 7
    const points = sets.map((attributes, set) => point(attributes, value(set)))
    const made = metric(`agent.work.${index}`, '{item}', index % 2 ? 3 : 2, points)
    metrics.push({ ...made, descriptor: { ...made.descriptor, valueType: index % 2 ? 0 : 1 } })
  }
  const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
  const histogram = (set) => ({
    buckets: { boundaries, counts: boundaries.concat(0).map((_, bucket) => ((bucket + set) % 4) * round) },
    count: 22 * round,
    sum: 3.25 * round,
  })
  metrics.push(
    metric(
      'gen_ai.execute_tool.duration',
      's',
      0,
      sets.slice(0, 30).map((attributes, set) => point(attributes, histogram(set))),
    ),
  )
  const resource = resourceFromAttributes({
    'service.name': 'researcher',
    'service.namespace': `swarm-${agent % 5}`,
    'service.instance.id': `agent-${agent}-6f1c2a`,
    'service.version': '1.4.2',
    'host.name': 'worker-3',
    'process.pid': 4000 + agent,
    'telemetry.sdk.language': 'nodejs',
  })
  return { resource, scopeMetrics: [{ scope: { name: '@perfmon/agent-probe', version: '0.1.0' }, metrics }] }
}

/**
 * Bodies of several agents each, as a collector's batches are, ten seconds from round to round. `mode`: `gz` and
 * `plain` are protobuf, `json` is JSON. A protobuf message of several resources is its parts one behind the other.
 */
export function makeBatches({ agents, agentsPerBatch, rounds, startMs, mode }) {
  const bodies = []
  let points = 0
  let samples = 0
  for (let round = 1; round <= rounds; round++) {
    const timeMs = startMs + round * 10_000
    for (let first = 0; first < agents; first += agentsPerBatch) {
      const parts = []
      for (let agent = first; agent < Math.min(agents, first + agentsPerBatch); agent++) {
        const request = steadyRequest(agent, round, startMs, timeMs)
        for (const { dataPoints, dataPointType } of request.scopeMetrics[0].metrics) {
          points += dataPoints.length
          samples += dataPoints.length * (dataPointType === 0 ? 16 : 1)
        }
        const serializer = mode === 'json' ? JsonMetricsSerializer : ProtobufMetricsSerializer
        parts.push(Buffer.from(serializer.serializeRequest(request)))
      }
      bodies.push({ body: joined(parts, mode), timeMs: timeMs + 1_000 })
    }
  }
  return { bodies, points, samples }
}

function joined(parts, mode) {
  if (mode === 'plain') return Buffer.concat(parts)
  if (mode === 'gz') return gzipSync(Buffer.concat(parts))
  const resourceMetrics = parts.flatMap((part) => JSON.parse(part.toString()).resourceMetrics)
  return Buffer.from(JSON.stringify({ resourceMetrics }))
}

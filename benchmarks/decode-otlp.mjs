// How many points one CPU-second decodes, against the usual ways in the same run:
//   node --conditions=perfmon-source benchmarks/decode-otlp.mjs
// Bodies are a swarm's: 100 agents, each with counters, gauges and histograms, the same series in every
// request with new times and values. Ours tells every point with its attributes to a sink; the others are
// given less to do (see `baselines`), so the ratios are lower bounds.
import { createRequire } from 'node:module'
import { gunzipSync, gzipSync } from 'node:zlib'
import { decodeOtlpMetricsJson } from '../packages/core/src/receive/decode-otlp-json.ts'
import { decodeOtlpMetricsProtobuf } from '../packages/core/src/receive/decode-otlp-protobuf.ts'

const fromCore = createRequire(new URL('../packages/core/package.json', import.meta.url))
const { ProtobufMetricsSerializer, JsonMetricsSerializer } = fromCore('@opentelemetry/otlp-transformer')
const { resourceFromAttributes } = fromCore('@opentelemetry/resources')

const agents = 100
const rounds = 5
const secondsPerCase = 3

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

function makeBodies(routes) {
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

/** Touches every point, so that nothing can be left out. */
function createSumSink() {
  let sum = 0
  let points = 0
  const add = (point, value) => {
    points++
    sum += value + point.timeMs + point.attributes.length
  }
  return {
    total: () => ({ sum, points }),
    resource() {},
    metric() {},
    number: add,
    histogram: (point) => add(point, point.count),
    exponentialHistogram: (point) => add(point, point.count),
    summary: (point) => add(point, point.count),
    refused() {},
  }
}

/** Million points per CPU-second, the best of three stretches: the machine has other work too. */
function measure(bodies, pointsPerBody, decode) {
  for (const body of bodies) decode(body)
  let best = 0
  for (let stretch = 0; stretch < 3; stretch++) {
    const before = process.cpuUsage()
    let points = 0
    let seconds = 0
    do {
      for (const body of bodies) decode(body)
      points += bodies.length * pointsPerBody
      const { user, system } = process.cpuUsage(before)
      seconds = (user + system) / 1e6
    } while (seconds < secondsPerCase / 3)
    best = Math.max(best, points / seconds / 1e6)
  }
  return best
}

function protobufjsDecoder() {
  // protobufjs comes with the gRPC exporters of the aggregator's SDK; without them this line is left out.
  let require = createRequire(new URL('../packages/aggregator/package.json', import.meta.url))
  for (const step of [
    '@opentelemetry/sdk-node',
    '@opentelemetry/exporter-metrics-otlp-grpc',
    '@grpc/grpc-js',
    '@grpc/proto-loader',
  ]) {
    require = createRequire(require.resolve(step))
  }
  const protobuf = require('protobufjs')
  const { root } = protobuf.parse(`syntax = "proto3";
    message Request { repeated ResourceMetrics resource_metrics = 1; }
    message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
    message Scope { string name = 1; string version = 2; }
    message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; } }
    message Gauge { repeated NumberPoint data_points = 1; }
    message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
    message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
    message NumberPoint { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } uint32 flags = 8; }
    message HistogramPoint { repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; uint32 flags = 10; optional double min = 11; optional double max = 12; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`)
  const type = root.lookupType('Request')
  return (body) => type.decode(body)
}

const print = (name, millions, against) => {
  const ratio = against === undefined ? '' : `  ${(millions / against).toFixed(1)}x`
  console.log(`  ${name.padEnd(52)} ${millions.toFixed(2).padStart(7)} M points per CPU-second${ratio}`)
}

for (const [name, routes] of [
  ['small bodies, 3,800 series', 10],
  ['large bodies, 90,800 series', 300],
]) {
  const { points, protobuf, json } = makeBodies(routes)
  const bytes = (list) => Math.round(list.reduce((sum, body) => sum + body.length, 0) / list.length / points)
  console.log(
    `${name}: ${points} points each, ${bytes(protobuf)} bytes per point in protobuf, ${bytes(json)} in JSON`,
  )
  const sink = createSumSink()
  const compressed = protobuf.map((body) => gzipSync(body))
  let baseline
  try {
    baseline = measure(protobuf, points, protobufjsDecoder())
    print('protobufjs: objects, not visited', baseline)
  } catch (error) {
    console.log(`  protobufjs is not to be had here: ${error.code ?? error.message}`)
  }
  print(
    'protobuf: attributes, times, values to a sink',
    measure(protobuf, points, (body) => decodeOtlpMetricsProtobuf(body, sink)),
    baseline,
  )
  print(
    'gunzip alone',
    measure(compressed, points, (body) => gunzipSync(body)),
  )
  print(
    'gunzip and protobuf',
    measure(compressed, points, (body) => decodeOtlpMetricsProtobuf(gunzipSync(body), sink)),
  )
  const parse = measure(json, points, (body) => JSON.parse(body))
  print('JSON.parse alone: objects, not visited', parse)
  print(
    'JSON: attributes, times, values to a sink',
    measure(json, points, (body) => decodeOtlpMetricsJson(body, sink)),
    parse,
  )
}

// How many points one CPU-second decodes, against the usual ways in the same run:
//   node --conditions=perfmon-source benchmarks/decode-otlp.mjs
// Bodies are a swarm's: 100 agents, each with counters, gauges and histograms, the same series in every
// request with new times and values. Ours tells every point with its attributes to a sink; the others are
// given less to do (see `baselines`), so the ratios are lower bounds.
import { createRequire } from 'node:module'
import { gunzipSync, gzipSync } from 'node:zlib'
import { decodeOtlpMetricsJson } from '../packages/core/src/receive/decode-otlp-json.ts'
import { decodeOtlpMetricsProtobuf } from '../packages/core/src/receive/decode-otlp-protobuf.ts'
import { makeBodies } from './otlp-bodies.mjs'

const agents = 100
const rounds = 5
const secondsPerCase = 3

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
  const { points, protobuf, json } = makeBodies({ agents, rounds, routes })
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

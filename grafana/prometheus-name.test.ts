import { expect, test } from 'vitest'
import { prometheusName } from './prometheus-name.ts'

test.each([
  ['process.cpu.time', 'counter', 's', 'process_cpu_time_seconds_total'],
  ['http.server.request.duration', 'histogram', 's', 'http_server_request_duration_seconds'],
  ['nodejs.eventloop.utilization', 'gauge', '1', 'nodejs_eventloop_utilization_ratio'],
  ['perfmon.probe.dropped_points', 'counter', '{data_point}', 'perfmon_probe_dropped_points_total'],
  ['http.server.active_requests', 'gauge', '{request}', 'http_server_active_requests'],
  ['perfmon.cache.hits', 'counter', '1', 'perfmon_cache_hits_total'],
] as const)('%s, a %s in %s, is %s', (metric, kind, unit, name) => {
  expect(prometheusName(metric, kind, unit)).toBe(name)
})

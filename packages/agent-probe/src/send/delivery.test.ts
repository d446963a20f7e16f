import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const env = (more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  ...more,
})
const living = 'setInterval(() => {}, 1000)'

// Serves one request per report interval and counts them.
const serving = `
import http from 'node:http'
const server = http.createServer((request, response) => response.end())
server.listen(0, '127.0.0.1', () => {
  setInterval(() => fetch('http://127.0.0.1:' + server.address().port).then((answer) => answer.text()), 50)
})`

test('a receiver that is away is told once, and once that it is back; totals survive, losses are counted', async () => {
  const port = Number(new URL(receiver.endpoint).port)
  const agent = await runAgent({ source: serving, env: env() })
  const before = await receiver.report(({ metrics }) => metrics.has('http.server.request.duration'))
  await receiver.close()
  await agent.said('cannot deliver metrics to http://127.0.0.1')
  receiver = await startReceiver({ port })
  const after = await receiver.report(() => true)
  await agent.said('takes metrics again')
  agent.process.kill()
  const { stderr } = await agent.ended

  const requests = 'http.server.request.duration'
  expect(pointValue(after, requests)).toBeGreaterThan(pointValue(before, requests)!)
  expect(after.metrics.get(requests)!.points[0]!.startTimeUnixNano).toBe(
    before.metrics.get(requests)!.points[0]!.startTimeUnixNano,
  )
  expect(
    pointValue(receiver.reports.at(-1)!, 'perfmon.probe.dropped_points', {
      'perfmon.drop.reason': 'unreachable',
    }),
  ).toBeGreaterThan(0)
  expect(stderr.trim().split('\n')).toHaveLength(2)
})

test('the log level silent keeps it all to itself', async () => {
  await receiver.close()
  const agent = await runAgent({
    source: 'setTimeout(() => {}, 500)',
    env: env({ PERFMON_LOG_LEVEL: 'silent' }),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  receiver = await startReceiver()
})

test('a refusal is explained, and points to the token', async () => {
  receiver.answerWith(401)
  const agent = await runAgent({ source: living, env: env() })
  await agent.said(
    '(status 401). The agent is not affected; totals are kept and sent when it answers. Set PERFMON_TOKEN',
  )
  receiver.answerWith(200)
  const report = await receiver.report(() => true)
  const dropped = pointValue(report, 'perfmon.probe.dropped_points', { 'perfmon.drop.reason': 'refused' })
  expect(dropped).toBeGreaterThan(0)
  agent.process.kill()
  await agent.ended
})

test('points that the receiver rejects are counted', async () => {
  receiver.answerWith(200, {}, '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too many"}}')
  const agent = await runAgent({ source: living, env: env() })
  await receiver.report(
    (report) =>
      (pointValue(report, 'perfmon.probe.dropped_points', { 'perfmon.drop.reason': 'rejected' }) ?? 0) >= 3,
  )
  agent.process.kill()
  expect(await agent.ended).toMatchObject({ stderr: '' })
})

test('delta: every request is in exactly one report, even when some reports got lost', async () => {
  const source = serving.replace('setInterval', 'globalThis.timer = setInterval')
  const agent = await runAgent({
    source,
    env: env({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' }),
  })
  await receiver.report(({ metrics }) => metrics.has('http.server.request.duration'))
  receiver.answerWith(503)
  await agent.said('cannot deliver')
  receiver.answerWith(200)
  await agent.said('takes metrics again')
  agent.process.kill()
  await agent.ended
  const histograms = receiver.reports.flatMap(
    ({ metrics }) => metrics.get('http.server.request.duration') ?? [],
  )
  expect(histograms.every(({ temporality }) => temporality === 1)).toBe(true)
  const served = receiver.reports.reduce(
    (sum, report) => sum + (pointValue(report, 'http.server.request.duration') ?? 0),
    0,
  )
  const made = receiver.reports.reduce(
    (sum, report) => sum + (pointValue(report, 'http.client.request.duration') ?? 0),
    0,
  )
  expect(Math.abs(served - made)).toBeLessThanOrEqual(1)
  const starts = new Set(histograms.map(({ points }) => points[0]!.startTimeUnixNano))
  expect(starts.size).toBe(histograms.length)
})

describe('a receiver that takes a connection and never answers', () => {
  test('holds neither a natural end nor an exit', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    // The report is under way when the agent has nothing left to do.
    const agent = await runAgent({
      source: "setTimeout(() => console.log('nothing left to do'), 400)",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, PERFMON_EXIT_WAIT_MS: '100' },
    })
    const { code, stdout, stderr } = await agent.ended
    expect(code).toBe(0)
    expect(stdout).toBe('nothing left to do\n')
    expect(stderr).toContain('no answer in')
    silent.close()
  })
})

test('bad values are named, each in one line, and the agent runs on the defaults', async () => {
  const agent = await runAgent({
    source: 'console.log("ran")\nsetTimeout(() => {}, 300)',
    env: env({ PERFMON_INTERVAL_MS: 'soon', PERFMON_LEVEL: 'everything', OTEL_EXPORTER_OTLP_TIMEOUT: '-1' }),
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran\n' })
  expect(stderr.trim().split('\n')).toEqual([
    'perfmon: PERFMON_INTERVAL_MS="soon" is not a whole number of milliseconds from 100 to 3600000; using 1000.',
    'perfmon: OTEL_EXPORTER_OTLP_TIMEOUT="-1" is not a whole number of milliseconds from 1 to 600000; using 10000.',
    'perfmon: PERFMON_LEVEL="everything" is not one of minimal, standard, detailed; using standard.',
  ])
  expect(receiver.reports.at(-1)!.resource['perfmon.report.interval']).toBe(1000)
})

import { beforeAll, expect, test } from 'vitest'
import { createProcessIdentity } from './children/agent-identity.ts'
import { readSources } from './configure/sources.ts'
import { createHookGuard } from './hook-guard.ts'
import { recordClientRequest } from './record/record-client-request.ts'
import { createRecordings } from './record/recordings.ts'
import { createTelemetry } from './telemetry.ts'
import { heldBytes } from './testing/collect-garbage.ts'
import { buildProbe, registerFile, runAgent } from './testing/run-agent.ts'
import { pointValue, startReceiver } from './testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

test('a hundred starts and stops under load leave no timer, socket, listener or memory behind', async () => {
  const receiver = await startReceiver()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    PERFMON_INTERVAL_MS: '100',
    PERFMON_MAX_CPU_PERCENT: '100',
    PERFMON_LEVEL: 'detailed',
    // From a file of the build, which these sources are not.
    PERFMON_HOST_METRICS: 'off',
  }
  const cycle = async () => {
    const recordings = createRecordings()
    const telemetry = createTelemetry({
      recordings,
      guard: createHookGuard(),
      environment: { env, warnings: [], nameOf: (variable) => variable },
      sources: readSources(undefined),
      identity: createProcessIdentity({}, {}),
    })
    await telemetry.start()
    for (let index = 0; index < 500; index++) {
      recordings.active.client++
      recordClientRequest(recordings, {
        startedAtMs: performance.now(),
        method: 'GET',
        status: 200,
        failure: undefined,
        peerKey: `peer-${index % 50}`,
        peer: () => ({ host: `peer-${index % 50}`, port: 80 }),
      })
    }
    const { instance } = telemetry.identity
    const report = await receiver.report(({ resource }) => resource['service.instance.id'] === instance)
    expect(report.metrics.get('http.client.request.duration')?.points).toHaveLength(50)
    await telemetry.stop()
    // What the receiver remembers is not what the probe leaks.
    receiver.forget()
  }
  const several = (count: number) => Promise.all(Array.from({ length: count }, cycle))
  const state = () => ({
    resources: process
      .getActiveResourcesInfo()
      .filter((name) => name === 'Timeout' || name === 'TCPSocketWrap').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  })

  for (let round = 0; round < 2; round++) await several(10)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const before = { ...state(), bytes: await heldBytes() }
  for (let round = 0; round < 8; round++) await several(10)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const after = { ...state(), bytes: await heldBytes() }
  await receiver.close()

  expect(after.resources).toBeLessThanOrEqual(before.resources)
  expect(after.listeners).toBe(before.listeners)
  // 80 cycles: 10 kB each would show.
  expect(after.bytes - before.bytes).toBeLessThan(800_000)
}, 30_000)

test('a hundred worker threads under load, started and ended, leave nothing in the process', {
  timeout: 60_000,
}, async () => {
  const receiver = await startReceiver()
  const agent = await runAgent({
    nodeOptions: ['--expose-gc', '--import', registerFile],
    source: `
import { isMainThread, Worker } from 'node:worker_threads'
import { createServer } from 'node:http'
if (isMainThread) {
  const server = createServer((request, response) => response.end())
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cycle = () => new Promise((resolve) =>
    new Worker(new URL(import.meta.url), { workerData: server.address().port }).on('exit', resolve))
  const state = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    gc()
    return { heap: process.memoryUsage().heapUsed, resources: process.getActiveResourcesInfo().length,
      listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0) }
  }
  const several = async (rounds) => { for (let round = 0; round < rounds; round++) await Promise.all(Array.from({ length: 10 }, cycle)) }
  await several(3)
  const before = await state()
  await several(7)
  const after = await state()
  console.log(JSON.stringify({ before, after }))
  process.exit()
} else {
  const { workerData } = await import('node:worker_threads')
  for (let index = 0; index < 10; index++) await (await fetch('http://127.0.0.1:' + workerData)).text()
}`,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
  })
  const { stdout, stderr } = await agent.ended
  expect(stderr).toBe('')
  const { before, after } = JSON.parse(stdout)
  const last = receiver.reports.at(-1)!
  await receiver.close()
  expect(after.listeners).toBe(before.listeners)
  expect(after.resources).toBeLessThanOrEqual(before.resources + 2)
  // 70 workers: 20 kB each would show.
  expect(after.heap - before.heap).toBeLessThan(1_400_000)
  expect(pointValue(last, 'perfmon.worker.started')).toBe(100)
  expect(pointValue(last, 'http.client.request.duration')).toBe(1000)
  expect(pointValue(last, 'http.client.active_requests')).toBe(0)
})

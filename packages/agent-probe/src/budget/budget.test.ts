import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const step = 'perfmon.probe.budget.step'
const interval = 'perfmon.report.interval'

test('a probe that costs more than its budget announces a longer interval, and keeps it from then on', async () => {
  const agent = await runAgent({
    source: 'setInterval(() => {}, 1000)',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, PERFMON_MAX_CPU_PERCENT: '0.05' },
  })
  const slow = await receiver.report(
    (report) => (pointValue(report, 'perfmon.probe.report.interval') ?? 0) > 0.1,
  )
  agent.process.kill()
  const { stderr } = await agent.ended
  expect(stderr).toMatch(/^perfmon: the probe would use more than 0\.05 % of a core[^\n]*\n$/)
  expect(pointValue(slow, step)).toBeGreaterThan(0)
  const announced = receiver.reports.findIndex(({ resource }) => Number(resource[interval]) > 100)
  const inForce = receiver.reports.indexOf(slow)
  expect(announced).toBeGreaterThan(0)
  expect(announced).toBeLessThan(inForce)
  expect(Number(slow.resource[interval]) / 1000).toBe(pointValue(slow, 'perfmon.probe.report.interval'))
})

test('what the probe uses is told', async () => {
  const agent = await runAgent({
    source: 'setInterval(() => {}, 1000)',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint },
  })
  const report = await receiver.report(
    (found) => (pointValue(found, 'perfmon.probe.sent.requests') ?? 0) >= 2,
  )
  agent.process.kill()
  await agent.ended
  const earlier = receiver.reports.slice(0, receiver.reports.indexOf(report))
  const bodies = earlier.reduce((sum, { body }) => sum + body.byteLength, 0)
  expect(pointValue(report, 'perfmon.probe.report.bytes')).toBe(bodies)
  expect(pointValue(report, 'perfmon.probe.sent.bytes')).toBeGreaterThan(bodies)
  expect(pointValue(report, 'perfmon.probe.cpu.time', { 'perfmon.probe.part': 'report' })).toBeGreaterThan(0)
  expect(pointValue(report, 'perfmon.probe.cpu.time', { 'perfmon.probe.part': 'hooks' })).toBe(0)
  expect(pointValue(report, 'perfmon.probe.memory.usage')).toBeGreaterThan(1e6)
  expect(
    pointValue(report, 'perfmon.probe.budget.utilization', { 'perfmon.probe.budget.kind': 'cpu' }),
  ).toBeGreaterThan(0)
  expect(pointValue(report, step)).toBe(0)
})

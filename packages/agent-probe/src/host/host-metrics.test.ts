import { existsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { type ReceivedReport, type Receiver, startReceiver } from '../testing/start-receiver.ts'
import { createHostMetrics, type HostFacts } from './host-metrics.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const hostNames = (report: ReceivedReport) =>
  [...report.metrics.keys()].filter((name) => name.startsWith('system.')).toSorted()

const sumOf = (report: ReceivedReport, name: string) =>
  report.metrics.get(name)!.points.reduce((sum, { value }) => sum + value, 0)

test.skipIf(!existsSync('/proc/stat'))(
  'an agent tells of its machine when it is asked to, its children never',
  async () => {
    const agent = await runAgent({
      source: `
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
if (!process.argv[2]) fork(fileURLToPath(import.meta.url), ['child'])
setTimeout(() => {}, 500)`,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, PERFMON_HOST_METRICS: 'on' },
    })
    expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
    const isParent = ({ resource }: ReceivedReport) => resource['process.pid'] === agent.process.pid
    const last = receiver.reports.findLast(isParent)!
    expect(hostNames(last)).toEqual(
      expect.arrayContaining([
        'system.cpu.time',
        'system.cpu.utilization',
        'system.memory.usage',
        'system.memory.utilization',
      ]),
    )
    expect(sumOf(last, 'system.cpu.utilization')).toBeCloseTo(1, 5)
    expect(sumOf(last, 'system.memory.utilization')).toBeCloseTo(1, 5)
    expect(sumOf(last, 'system.memory.usage')).toBe(totalmem())
    expect(last.metrics.get('system.cpu.time')).toMatchObject({ kind: 'sum', unit: 's', temporality: 2 })
    const booted = Number(last.metrics.get('system.cpu.time')!.points[0]!.startTimeUnixNano)
    expect(booted).toBeLessThan(Number(last.metrics.get('process.cpu.time')!.points[0]!.startTimeUnixNano))
    const child = receiver.reports.filter((report) => !isParent(report))
    expect(child.length).toBeGreaterThan(0)
    expect(child.flatMap(hostNames)).toEqual([])
  },
)

test('nobody tells of the machine unasked, nor with the source switched off', async () => {
  for (const more of [{}, { PERFMON_LEVEL: 'detailed', PERFMON_DISABLED_SOURCES: 'host' }]) {
    const agent = await runAgent({
      source: 'setTimeout(() => {}, 200)',
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...more },
    })
    await agent.ended
  }
  expect(receiver.reports.flatMap(hostNames)).toEqual([])
})

test('without /proc it tells what node:os knows; a container host with a thousand interfaces tells of sixteen', () => {
  const window = { startTime: [1, 0] as [number, number], endTime: [2, 0] as [number, number] }
  const without: HostFacts = { read: () => undefined, space: () => undefined }
  const told = createHostMetrics(without)(window)
  expect(told.map(({ descriptor }) => descriptor.name)).toEqual([
    'system.cpu.time',
    'system.memory.usage',
    'system.memory.utilization',
  ])
  expect(cpus().length).toBeGreaterThan(0)

  const crowded: HostFacts = {
    read: (path) =>
      path === '/proc/net/dev'
        ? Array.from({ length: 1000 }, (_, index) => `br${index}: 1 0 0 0 0 0 0 0 2 0`).join('\n')
        : undefined,
    space: () => undefined,
  }
  const network = createHostMetrics(crowded)(window).find(
    ({ descriptor }) => descriptor.name === 'system.network.io',
  )
  expect(network?.dataPoints).toHaveLength(32)
})

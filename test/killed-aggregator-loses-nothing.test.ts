import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EchoWebhook, startEchoWebhook } from '@perfmon/echo-webhook'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { gaugeBody, postMetrics } from './otlp-body.ts'
import { type PerfmonProcess, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let webhook: EchoWebhook
let perfmon: PerfmonProcess

const rules = `
rules:
  - alert: TooHot
    metric: oven.temperature
    above: { critical: 200 }
    summary: "{{agent}} is at {{value}}"
`

beforeAll(async () => {
  folder = await temporaryFolder()
  webhook = await startEchoWebhook({ log: () => {} })
  await writeFile(join(folder.path, 'rules.yaml'), rules)
  await writeFile(
    join(folder.path, 'perfmon.yaml'),
    `rules: [rules.yaml]\nnotify: { webhook: { url: "${webhook.url}" } }\n`,
  )
  perfmon = await startPerfmon({ dataDir: folder.path })
})

afterAll(async () => {
  await perfmon?.stop()
  await webhook?.close()
  await folder?.remove()
})

/** Killed and started again in the same folder. */
async function crashAndRestart() {
  await perfmon.kill()
  perfmon = await startPerfmon({ dataDir: folder.path })
}

test('five kills in the middle of ingest: every acknowledged sample is there, exactly once', async () => {
  const acknowledged: number[] = []
  const beganMs = Date.now() - 3_600_000
  let value = 0
  for (let round = 0; round < 5; round++) {
    const target = perfmon
    const killAfter = acknowledged.length + 20 + round * 13
    let crash: Promise<void> | undefined
    for (;;) {
      const timeMs = beganMs + value
      const body = gaugeBody({
        agentId: 'oven-1',
        name: 'oven',
        timeMs,
        metrics: { 'oven.temperature': 100 + (value % 50) },
      })
      try {
        const { status } = await postMetrics(target.otlp, body)
        expect(status).toBe(200)
        acknowledged.push(timeMs)
      } catch {
        break
      }
      value += 1
      // Not awaited: the kill lands while requests go on.
      if (acknowledged.length === killAfter) crash = crashAndRestart()
    }
    await crash
  }

  const [series] = await perfmon.series('oven-1', 'oven.temperature')
  const { timesMs, values } = await perfmon.samples(series!.id)
  expect(new Set(timesMs).size).toBe(timesMs.length)
  const kept = new Map(timesMs.map((timeMs, i) => [timeMs, values[i]!]))
  const lost = acknowledged.filter((timeMs) => !kept.has(timeMs))
  expect(lost).toEqual([])
  for (const timeMs of acknowledged) expect(kept.get(timeMs)).toBe(100 + ((timeMs - beganMs) % 50))
})

test('an alert that was sent before the kill is not sent again after it', async () => {
  const hot = { agentId: 'oven-1', name: 'oven', metrics: { 'oven.temperature': 250 } }
  await postMetrics(perfmon.otlp, gaugeBody({ ...hot, timeMs: Date.now() }))
  await eventually('the notification', async () => webhook.received().length === 1)

  for (let round = 0; round < 3; round++) {
    await crashAndRestart()
    expect(await perfmon.alerts('active')).toHaveLength(1)
    await postMetrics(perfmon.otlp, gaugeBody({ ...hot, timeMs: Date.now() }))
  }
  await postMetrics(
    perfmon.otlp,
    gaugeBody({ ...hot, metrics: { 'oven.temperature': 90 }, timeMs: Date.now() + 1 }),
  )
  await eventually('the end', async () => webhook.received().length >= 2)

  // By key: a crash between the receiver's answer and its record may repeat a notification, with its key.
  expect(webhook.received().map(({ alerts }) => alerts[0]!.status)).toEqual(['firing', 'resolved'])
})

test('an alert raised while the webhook was away is delivered after a kill and a restart', async () => {
  const { port } = webhook
  await webhook.close()
  await postMetrics(
    perfmon.otlp,
    gaugeBody({
      agentId: 'oven-2',
      name: 'second-oven',
      timeMs: Date.now(),
      metrics: { 'oven.temperature': 300 },
    }),
  )
  await eventually('the alert', async () =>
    (await perfmon.alerts('active')).some((alert) => alert.labels['agent'] === 'second-oven'),
  )
  await crashAndRestart()
  webhook = await startEchoWebhook({ port, log: () => {} })
  const delivery = await eventually('the notification', async () => webhook.received()[0])
  expect(delivery.alerts[0]).toMatchObject({ status: 'firing', labels: { agent: 'second-oven' } })
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EchoWebhook, startEchoWebhook } from '@perfmon/echo-webhook'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type AgentProcess, startAgent } from './start-agent.ts'
import { type PerfmonProcess, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let webhook: EchoWebhook
let perfmon: PerfmonProcess
let agent: AgentProcess
let load: AbortController

/** Slow is 200 ms here, so that the story is short; what is proven does not depend on the number. */
const rules = `
rules:
  - alert: TooSlow
    vital: responseTime
    above: { warning: 200ms, critical: 10s }
    for: { warning: 2s }
    keep_firing_for: 1s
    summary: "{{agent}} takes {{value}}"
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
  agent = await startAgent('serving-agent.mjs', perfmon.otlp, {
    OTEL_SERVICE_NAME: 'slowpoke',
    PERFMON_SWARM: 'story',
  })
})

afterAll(async () => {
  load?.abort()
  await agent?.stop()
  await perfmon?.stop()
  await webhook?.close()
  await folder?.remove()
})

/** Requests one after the other until aborted. */
function keepAsking(path: string): AbortController {
  const control = new AbortController()
  const ask = async () => {
    while (!control.signal.aborted) await (await fetch(agent.url + path)).text()
  }
  void ask().catch(() => {})
  return control
}

test('a slow agent is pending, then active, and the webhook hears of it', async () => {
  load = keepAsking('/?ms=300')
  const pending = await eventually('a pending alert', async () => (await perfmon.alerts('pending'))[0])
  expect(pending).toMatchObject({
    rule: 'TooSlow',
    severity: 'warning',
    state: 'pending',
    activeSinceMs: null,
  })

  const active = await eventually('an active alert', async () => (await perfmon.alerts('active'))[0])
  expect(active.id).toBe(pending.id)
  expect(active.labels).toMatchObject({ agent: 'slowpoke', swarm: 'story' })
  expect(active.value).toBeGreaterThan(0.2)

  const delivery = await eventually('a notification', async () => webhook.received()[0])
  expect(delivery.alerts[0]).toMatchObject({
    status: 'firing',
    labels: { alertname: 'TooSlow', agent: 'slowpoke', severity: 'warning' },
    fingerprint: active.fingerprint,
  })
  expect(delivery.alerts[0]!.annotations['summary']).toMatch(/^slowpoke takes 3\d\d ms$/)
})

test('when it is fast again the alert resolves, and the webhook hears that too', async () => {
  load.abort()
  load = keepAsking('/?ms=5')
  const resolved = await eventually('a resolved alert', async () => (await perfmon.alerts('resolved'))[0])
  expect(resolved).toMatchObject({ rule: 'TooSlow', state: 'resolved', resolveReason: 'recovered' })
  const last = await eventually('the end at the webhook', async () =>
    webhook.received().find(({ alerts }) => alerts[0]?.status === 'resolved'),
  )
  expect(last.alerts[0]!.fingerprint).toBe(resolved.fingerprint)
  expect(webhook.received()).toHaveLength(2)
})

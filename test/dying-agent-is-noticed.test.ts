import { type EchoWebhook, startEchoWebhook } from '@perfmon/echo-webhook'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { startAgent } from './start-agent.ts'
import { type PerfmonProcess, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let webhook: EchoWebhook
let perfmon: PerfmonProcess

beforeAll(async () => {
  folder = await temporaryFolder()
  webhook = await startEchoWebhook({ log: () => {} })
  perfmon = await startPerfmon({ dataDir: folder.path, env: { ALERT_WEBHOOK_URL: webhook.url } })
})

afterAll(async () => {
  await perfmon?.stop()
  await webhook?.close()
  await folder?.remove()
})

const agentNamed = (name: string) => async () => (await perfmon.agents()).find((agent) => agent.name === name)
const firing = (name: string) => async () =>
  webhook
    .received()
    .find(({ alerts: [alert] }) => alert?.status === 'firing' && alert.labels['agent'] === name)

test('an agent killed with -9 raises AgentOffline; its restart resolves it', async () => {
  const agent = await startAgent('serving-agent.mjs', perfmon.otlp, { OTEL_SERVICE_NAME: 'victim' })
  await eventually('the agent', agentNamed('victim'))
  await agent.stop('SIGKILL')

  const delivery = await eventually('the notification', firing('victim'))
  expect(delivery.alerts[0]!.labels['alertname']).toBe('AgentOffline')
  expect(await agentNamed('victim')()).toMatchObject({ status: 'offline' })

  const successor = await startAgent('serving-agent.mjs', perfmon.otlp, { OTEL_SERVICE_NAME: 'victim' })
  await eventually('the end', async () =>
    webhook
      .received()
      .find(({ alerts: [alert] }) => alert?.status === 'resolved' && alert.labels['agent'] === 'victim'),
  )
  await successor.stop()
})

test('an agent that ends as it should has left: no alert', async () => {
  const agent = await startAgent('serving-agent.mjs', perfmon.otlp, { OTEL_SERVICE_NAME: 'retiree' })
  await eventually('the agent', agentNamed('retiree'))
  await agent.stop('SIGTERM')
  const left = await eventually('its farewell', async () => {
    const known = await agentNamed('retiree')()
    return known?.status === 'left' ? known : undefined
  })
  expect(left.status).toBe('left')
  // On a crowded machine a start may use a core for a moment: what was pending then must go with the agent.
  const ofRetiree = async () =>
    (await perfmon.alerts()).filter((alert) => alert.labels['agent'] === 'retiree')
  await eventually('no alert at all', async () => (await ofRetiree()).length === 0)
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vitalMetrics } from '@perfmon/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { eventually } from './eventually.ts'
import { type PerfmonProcess, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let perfmon: PerfmonProcess
let agent: WebSocketServer
let cpu = 20
const requests: unknown[] = []

/** An agent in the middle of somewhere that speaks nothing but the WebSocket protocol. */
beforeAll(async () => {
  folder = await temporaryFolder()
  agent = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/metrics' })
  await new Promise((resolve) => agent.once('listening', resolve))
  agent.on('connection', (socket: WebSocket) => {
    socket.on('message', (data) => {
      const request = JSON.parse(data.toString()) as { requestId: number }
      requests.push(request)
      const answer = {
        type: 'metrics_response',
        requestId: request.requestId,
        agentType: 'elder',
        status: 'active',
      }
      socket.send(
        JSON.stringify({ ...answer, cpu, memory: 40, responseTime: 150, errorRate: 0, activeConnections: 3 }),
      )
    })
  })
  const { port } = agent.address() as { port: number }
  await writeFile(
    join(folder.path, 'perfmon.yaml'),
    `poll: { agents: ["ws://127.0.0.1:${port}/metrics", "ws://127.0.0.1:1/metrics"], interval: 250ms }
rules: [rules.yaml]
notify: { console: false }
`,
  )
  await writeFile(
    join(folder.path, 'rules.yaml'),
    'rules:\n  - alert: Cpu\n    vital: cpu\n    above: { critical: 90% }\n  - alert: Gone\n    absent: { missed_reports: 3, at_least: 1s }\n',
  )
  perfmon = await startPerfmon({ dataDir: folder.path })
})

afterAll(async () => {
  await perfmon?.stop()
  agent?.close()
  for (const socket of agent?.clients ?? []) socket.terminate()
  await folder?.remove()
})

test('its answers become the same series as those of any agent; an address where nobody is does no harm', async () => {
  const known = await eventually('the agent', async () => (await perfmon.agents())[0])
  expect(known).toMatchObject({ name: 'elder', source: 'websocket', status: 'active' })
  expect(known.vitals).toMatchObject({ cpu: 0.2, memory: 0.4, responseTime: 0.15, activeConnections: 3 })
  const [series] = await perfmon.series(known.id, vitalMetrics.cpu)
  const { values } = await eventually('several samples', async () => {
    const samples = await perfmon.samples(series!.id)
    return samples.values.length >= 3 ? samples : undefined
  })
  expect(new Set(values)).toEqual(new Set([0.2]))
  expect(requests[0]).toEqual({ type: 'metrics_request', requestId: 1 })
  expect(await perfmon.agents()).toHaveLength(1)
})

test('rules watch it, and its silence is noticed', async () => {
  cpu = 97
  const hot = await eventually('the alert', async () => (await perfmon.alerts('active'))[0])
  expect(hot).toMatchObject({ rule: 'Cpu', severity: 'critical', labels: { agent: 'elder' } })
  agent.close()
  for (const socket of agent.clients) socket.terminate()
  await eventually('its absence', async () =>
    (await perfmon.alerts('active')).find((alert) => alert.rule === 'Gone'),
  )
})

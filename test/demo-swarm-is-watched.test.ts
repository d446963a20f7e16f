import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { ActionResponse, AgentsResponse, SeriesResponse } from '@perfmon/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { end, firstLine, node, root, temporaryFolder } from './start-perfmon.ts'

interface Ready {
  readonly dashboard: string
  readonly webhook: string
  readonly agents: readonly { name: string; pid: number; url: string }[]
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let demo: ChildProcess
let ready: Ready

beforeAll(async () => {
  folder = await temporaryFolder()
  const args = ['demo', '--json', '--port', '0', '--otlp-port', '0', '--data', join(folder.path, 'data')]
  demo = spawn(node, [join(root, 'packages/cli/bin/perfmon.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  demo.stderr!.on('data', (data) => {
    stderr += data
  })
  ready = JSON.parse(await firstLine(demo, () => stderr)) as Ready
})
afterAll(async () => {
  if (demo) await end(demo, 'SIGKILL')
  await folder?.remove()
})

const agents = async () =>
  ((await (await fetch(`${ready.dashboard}/api/agents`)).json()) as AgentsResponse).agents

test('every agent of the demo is listed with live vital signs, and the page is served', async () => {
  const names = ready.agents.map(({ name }) => name).sort()
  expect(names.length).toBeGreaterThanOrEqual(5)
  const listed = await eventually('every agent with a CPU share', async () => {
    const now = await agents()
    return now.length === names.length && now.every(({ vitals }) => vitals.cpu !== null) ? now : undefined
  })
  expect(listed.map(({ name }) => name).sort()).toEqual(names)
  expect(new Set(listed.map(({ source }) => source))).toEqual(new Set(['otlp', 'websocket']))
  await eventually('a framework agent at work', async () =>
    (await agents()).find(({ name, vitals }) => name === 'researcher' && vitals.responseTime !== null),
  )
  const page = await fetch(ready.dashboard)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(await page.text()).toContain('<title>')
})

test('who talks to whom arrives: the orchestrator with each worker, the workers with the tools', async () => {
  const senders = async (name: string) => {
    const agent = (await agents()).find((listed) => listed.name === name)!
    const query = new URLSearchParams({ agent: agent.id, metric: 'perfmon.message.latency' })
    const answer = await fetch(`${ready.dashboard}/api/series?${query}`)
    const { series } = (await answer.json()) as SeriesResponse
    return new Set(series.map(({ attributes }) => attributes['service.peer.name']))
  }
  for (const worker of ['summarizer', 'coder', 'reviewer', 'researcher']) {
    await eventually(`an edge from the orchestrator to ${worker}`, async () =>
      (await senders(worker)).has('orchestrator'),
    )
  }
  const tools = await eventually('edges from all workers to the tools', async () => {
    const known = await senders('tools')
    return known.size >= 4 && known
  })
  expect([...tools].sort()).toEqual(['coder', 'researcher', 'reviewer', 'summarizer'])
})

test('its workers can be tuned while they work', async () => {
  const coder = await eventually('the coder', async () =>
    (await agents()).find(({ name, reachableBy }) => name === 'coder' && reachableBy === 'dialled-in'),
  )
  const act = async (action: string, args: object) => {
    const response = await fetch(`${ready.dashboard}/api/agents/${coder.id}/actions/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ args }),
    })
    return (await response.json()) as ActionResponse
  }
  const { result, undo } = await act('set-tunable', { name: 'batch-size', value: 1 })
  expect(result).toMatchObject({ value: 1, previous: 3 })
  expect((await act(undo!.action, undo!.args)).result).toMatchObject({ value: 3, previous: 1 })
})

test('a breach that is forced in it reaches the webhook', async () => {
  const tools = ready.agents.find(({ name }) => name === 'tools')!
  const body = JSON.stringify({ errorRate: 1 })
  await fetch(new URL('/control', tools.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const delivery = await eventually('the notification', async () => {
    const received = (await (await fetch(new URL('/received', ready.webhook))).json()) as {
      alerts: { labels: Record<string, string> }[]
    }[]
    return received.find(({ alerts }) => alerts[0]!.labels['alertname'] === 'AgentErrors')
  })
  expect(delivery.alerts[0]!.labels['severity']).toBe('critical')
})

test('Ctrl-C stops everything: no agent outlives it', async () => {
  expect(await end(demo, 'SIGINT')).toBe(0)
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  expect(ready.agents.filter(({ pid }) => isAlive(pid))).toEqual([])
})

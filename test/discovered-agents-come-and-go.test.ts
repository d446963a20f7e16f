import { type ChildProcess, spawn } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { startAgent as startProbed } from './start-agent.ts'
import {
  end,
  firstLine,
  node,
  type PerfmonProcess,
  root,
  startPerfmon,
  temporaryFolder,
} from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let perfmon: PerfmonProcess
const children: ChildProcess[] = []

async function startAgent(port = 0) {
  const child = spawn(node, [join(root, 'test/agents/websocket-agent.mjs'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const url = await firstLine(child, () => '')
  return { child, url, id: `agent-${child.pid}` }
}

async function list(groups: unknown) {
  await writeFile(join(folder.path, 'agents.json.new'), JSON.stringify(groups))
  await rename(join(folder.path, 'agents.json.new'), join(folder.path, 'agents.json'))
}
const agent = async (id: string) => (await perfmon.agents()).find((one) => one.id === id)

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(async () => {
  await perfmon?.stop()
  await Promise.all(children.map((child) => end(child, 'SIGKILL')))
  await folder?.remove()
})

test('agents of a range of ports and of a file come, go and come back', async () => {
  const ranged = await startAgent()
  const listed = await startAgent()
  // Ten ports, of which one or two are somebody's.
  const range = ranged.url.replace(/\d\/metrics$/, 'X/metrics')
  await writeFile(
    join(folder.path, 'perfmon.yaml'),
    `poll: { agents: ["${range}"], interval: 200ms, reconnect_max: 300ms }
discovery: { files: [{ path: agents.json }], self_registered: { allow: [127.0.0.1] } }
rules: [rules.yaml]
notify: { console: false }
`,
  )
  await writeFile(
    join(folder.path, 'rules.yaml'),
    'rules:\n  - alert: Gone\n    absent: { missed_reports: 3, at_least: 1s }\n',
  )
  perfmon = await startPerfmon({ dataDir: folder.path })
  await eventually('the agent of the range', async () => (await agent(ranged.id))?.status === 'active')

  await list([{ targets: [listed.url], labels: { swarm: 'scouts', team: 'blue' } }])
  const known = await eventually('the listed agent', async () => {
    const found = await agent(listed.id)
    return found?.swarm === 'scouts' && found
  })
  expect(known.attributes).toMatchObject({ 'service.namespace': 'scouts', team: 'blue' })

  await list([])
  if (!listed.url.startsWith(range.split('X')[0]!)) {
    await eventually('it has left', async () => (await agent(listed.id))?.status === 'left')
  }
  await list([{ targets: [listed.url], labels: { swarm: 'scouts' } }])
  await eventually('it is back', async () => (await agent(listed.id))?.status === 'active')

  // Whoever vanishes while it is on a list is missed.
  await end(ranged.child, 'SIGKILL')
  await eventually('its absence', async () =>
    (await perfmon.alerts('active')).some(({ rule }) => rule === 'Gone'),
  )
  const successor = await startAgent(Number(new URL(ranged.url).port))
  await eventually(
    'the next process at its port',
    async () => (await agent(successor.id))?.status === 'active',
  )

  // A list that cannot be used is no list, and is told with its place.
  await writeFile(join(folder.path, 'agents.json'), '[{"targets": ["http://x"]}]')
  await eventually('the complaint', async () => perfmon.stderr().includes('agents.json:1:15 invalid-target'))
  expect((await agent(listed.id))?.status).toBe('active')
  const metrics = await (await fetch(`${perfmon.dashboard}/metrics`)).text()
  expect(metrics).toMatch(/perfmon_aggregator_discovery_target\{.*source="file".*\} 1\b/)
  expect(metrics).toMatch(/perfmon_aggregator_discovery_failure_total\{.*source="file".*\} [1-9]/)
})

test('an agent that reports and says where it listens is asked there, if that is allowed', async () => {
  const reporting = await startProbed('serving-agent.mjs', perfmon.otlp, {
    PERFMON_WS_PORT: '0',
    PERFMON_INTERVAL_MS: '1000',
    OTEL_SERVICE_NAME: 'reporter',
  })
  children.push(reporting.child)
  const known = await eventually('it is reachable', async () =>
    (await perfmon.agents()).find(({ name, reachableBy }) => name === 'reporter' && reachableBy === 'polled'),
  )
  expect(known.source).toBe('otlp')
})

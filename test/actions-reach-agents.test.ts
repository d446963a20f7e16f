import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ActionResponse, ActionsResponse, Agent, Problem, RunAction } from '@perfmon/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type AgentProcess, startAgent } from './start-agent.ts'
import { type PerfmonProcess, runPerfmon, startPerfmon, temporaryFolder } from './start-perfmon.ts'

/** Two agents that allow some things: one is polled, one dials in from where nobody could reach it. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let perfmon: PerfmonProcess
const processes = new Map<string, AgentProcess>()
const token = 'a-token-of-the-story-0123'
const authorization = { authorization: `Bearer ${token}` }

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ask<T>(path: string, body?: RunAction): Promise<{ status: number; body: T }> {
  const response = await fetch(perfmon.dashboard + path, {
    headers: { ...authorization, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as T }
}
const list = async () => (await ask<{ agents: Agent[] }>('/api/agents')).body.agents
const agentNamed = async (name: string) =>
  eventually(name, async () => (await list()).find((one) => one.name === name && one.reachableBy))
async function run(
  name: string,
  action: string,
  args: RunAction['args'] = {},
  more: Partial<RunAction> = {},
) {
  const { id } = await agentNamed(name)
  return ask<ActionResponse & Problem>(`/api/agents/${id}/actions/${action}`, { args, ...more })
}
const state = async (name: string) => (await fetch(processes.get(name)!.url)).json()
const audit = () => {
  const db = new DatabaseSync(join(folder.path, 'perfmon.db'), { readOnly: true })
  const rows = db.prepare('SELECT body FROM events ORDER BY seq').all()
  db.close()
  return rows.map(({ body }) => JSON.parse(String(body))).filter(({ type }) => type.startsWith('action-'))
}

async function start(name: string, env: Record<string, string>) {
  const agent = await startAgent('tunable-agent.mjs', perfmon.otlp, {
    OTEL_SERVICE_NAME: name,
    PERFMON_TOKEN: token,
    PERFMON_PROFILE_DIR: join(folder.path, 'profiles'),
    PERFMON_ALLOW_ACTIONS: 'collect-garbage,cpu-profile,sampling-interval',
    ...env,
  })
  processes.set(name, agent)
}

let ports: { port: number; otlpPort: number }
const startAggregator = () => startPerfmon({ dataDir: folder.path, env: { PERFMON_TOKEN: token }, ...ports })

beforeAll(async () => {
  folder = await temporaryFolder()
  const polledPort = await freePort()
  await writeFile(
    join(folder.path, 'perfmon.yaml'),
    `poll: { agents: ["ws://127.0.0.1:${polledPort}/metrics"], interval: 200ms }\n`,
  )
  ports = { port: await freePort(), otlpPort: await freePort() }
  perfmon = await startAggregator()
  await start('polled', { PERFMON_WS_PORT: String(polledPort) })
  await start('remote', { PERFMON_AGGREGATOR_URL: perfmon.dashboard.replace('http', 'ws') })
})
afterAll(async () => {
  for (const agent of processes.values()) await agent.stop('SIGKILL')
  await perfmon?.stop()
  await folder?.remove()
})

test('both are listed once, under the identity of their reports, and as reachable', async () => {
  expect(await agentNamed('polled')).toMatchObject({ reachableBy: 'polled' })
  expect(await agentNamed('remote')).toMatchObject({ reachableBy: 'dialled-in' })
  await eventually('their reports', async () => (await list()).every(({ source }) => source === 'otlp'))
  expect((await list()).map(({ name }) => name).sort()).toEqual(['polled', 'remote'])
})

describe.each(['polled', 'remote'])('the %s agent', (name) => {
  test('tells what can be done', async () => {
    const { id } = await agentNamed(name)
    const { body } = await ask<ActionsResponse>(`/api/agents/${id}/actions`)
    expect(body.tunables.map((one) => [one.name, one.value])).toEqual([
      ['batch-size', 10],
      ['model', 'small'],
    ])
    expect(body.actions.find((one) => one.name === 'drop-cache')).toMatchObject({ allowed: true })
    expect(body.actions.find((one) => one.name === 'heap-snapshot')).toMatchObject({ allowed: false })
  })

  test('is really changed, and goes back', async () => {
    const { body } = await run(name, 'set-tunable', { name: 'batch-size', value: 40 })
    expect(body.result).toMatchObject({ value: 40, previous: 10 })
    expect(await state(name)).toMatchObject({ batchSize: 40 })
    await run(name, body.undo!.action, body.undo!.args)
    expect(await state(name)).toMatchObject({ batchSize: 10 })
  })

  test('does its own action, and takes it back', async () => {
    const { body } = await run(name, 'drop-cache')
    expect(await state(name)).toMatchObject({ cache: 0 })
    await run(name, body.undo!.action, body.undo!.args)
    expect(await state(name)).toMatchObject({ cache: 5 })
  })

  test('writes a profile that opens', async () => {
    const { body } = await run(name, 'cpu-profile', { durationMs: 200 })
    const { file } = body.result as { file: string }
    const profile = JSON.parse(await readFile(file, 'utf8'))
    expect(profile.samples).toHaveLength(profile.timeDeltas.length)
  })

  test.each([
    ['heap-snapshot', {}, 403, 'not-allowed'],
    ['concurrency-limit', { limit: 1 }, 403, 'not-allowed'],
    ['set-tunable', { name: 'batch-size', value: 101 }, 422, 'out-of-bounds'],
    ['set-tunable', { name: 'batch-size', value: 'many' }, 422, 'invalid-argument'],
    ['set-tunable', { name: 'nothing', value: 1 }, 404, 'unknown-action'],
    ['nothing', {}, 404, 'unknown-action'],
  ])('refuses %s %o with %i', async (action, args, status, code) => {
    const answer = await run(name, action, args)
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  test('does a repeated request once', async () => {
    const requestId = `story-${name}-1`
    const first = await run(name, 'drop-cache', {}, { requestId })
    const second = await run(name, 'drop-cache', {}, { requestId })
    expect(second.body).toEqual(first.body)
    await run(name, 'undo-action', { requestId })
    expect(await state(name)).toMatchObject({ cache: 5 })
  })
})

test('who may not ask is refused: without the token, from a web page, as a form', async () => {
  const { id } = await agentNamed('remote')
  const url = `${perfmon.dashboard}/api/agents/${id}/actions/drop-cache`
  const post = async (headers: Record<string, string>) =>
    (await fetch(url, { method: 'POST', headers, body: '{}' })).status
  expect(await post({ 'content-type': 'application/json' })).toBe(401)
  expect(
    await post({ ...authorization, origin: 'http://evil.example', 'content-type': 'application/json' }),
  ).toBe(403)
  expect(await post({ ...authorization, 'content-type': 'text/plain' })).toBe(415)
  expect(await state('remote')).toMatchObject({ cache: 5 })
})

test('the command line runs it, shows how to go back, and says why not', async () => {
  const env = { PERFMON_TOKEN: token }
  const at = ['--url', perfmon.dashboard]
  const cli = (...args: string[]) => runPerfmon(['agents', ...args, ...at], folder.path, env)
  const shown = await cli('actions', 'remote')
  expect(shown.stdout).toContain('batch-size = 10  (1 to 100 {task}, steps of 1)')
  const done = await cli('run', 'remote', 'set-tunable', '--arg', 'name=model', '--arg', 'value=large')
  expect(done.stdout).toContain(
    'Undo:  perfmon agents run remote set-tunable --arg name=model --arg value=small',
  )
  expect(await state('remote')).toMatchObject({ model: 'large' })
  const json = await cli('run', 'remote', 'restore', '--json')
  expect(JSON.parse(json.stdout).result).toEqual({ restored: ['tunable:model'] })
  const refused = await cli('run', 'remote', 'heap-snapshot')
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('PERFMON_ALLOW_ACTIONS')])
  expect((await cli('run', 'nobody', 'restore')).code).toBe(2)
})

test('the aggregator starts anew: the agent dials in again, and still knows who changed what', async () => {
  await run('remote', 'set-tunable', { name: 'batch-size', value: 77 })
  await perfmon.kill()
  perfmon = await startAggregator()
  const { id } = await agentNamed('remote')
  const { body } = await ask<ActionsResponse>(`/api/agents/${id}/actions`)
  expect(body.changes).toEqual([
    {
      target: 'tunable:batch-size',
      original: { value: 10 },
      by: expect.any(String),
      atMs: expect.any(Number),
    },
  ])
  await run('remote', 'restore')
  expect(await state('remote')).toMatchObject({ batchSize: 10 })
})

test('an agent that dies in the middle is told of, and so is one that cannot be reached', async () => {
  const { id } = await agentNamed('remote')
  const profiling = run('remote', 'cpu-profile', { durationMs: 60_000 })
  // One heavy action at a time: so it is under way.
  await eventually('the profile', async () => (await run('remote', 'collect-garbage')).body.code === 'busy')
  await processes.get('remote')!.stop('SIGKILL')
  expect((await profiling).body.code).toBe('agent-gone')
  const after = await ask<Problem>(`/api/agents/${id}/actions`)
  expect([after.status, after.body.code]).toEqual([409, 'agent-not-reachable'])
})

test('all of it is in the audit log: who, what, when, and what came of it', async () => {
  // While it runs the database is its own.
  await perfmon.stop()
  const events = audit()
  const requested = events.filter(({ type }) => type === 'action-requested')
  const done = events.filter(({ type }) => type === 'action-done')
  expect(requested).toHaveLength(done.length)
  expect(done.map(({ outcome }) => outcome)).toEqual(
    expect.arrayContaining(['done', 'not-allowed', 'out-of-bounds', 'unknown-action', 'agent-gone']),
  )
  expect(done.find(({ action }) => action === 'set-tunable')).toMatchObject({
    name: 'polled',
    by: expect.stringMatching(/^api .*127\.0\.0\.1/),
    args: { name: 'batch-size', value: 40 },
    outcome: 'done',
    undo: { action: 'set-tunable', args: { name: 'batch-size', value: 10 } },
  })
  // The token is nowhere in it.
  expect(JSON.stringify(events)).not.toContain(token)
})

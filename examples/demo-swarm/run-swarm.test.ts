import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { metricsErrorSchema, metricsResponseSchema } from '../../packages/protocol/src/metrics-message.ts'
import { type Swarm, startSwarm } from './run-swarm.js'

// Without the probe: these stories are the swarm's own, and hold before anything is built.
const unprobed = { preload: null, tasksPerSecond: 10 }
const patience = { timeout: 10_000, interval: 20 }

/** An ended process whose parent has not asked for its exit code yet counts as gone. */
function isRunning(pid: number) {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const getJson = async (url: string) => (await fetch(url)).json()

describe('a running swarm', () => {
  let swarm: Swarm
  const exits: unknown[] = []
  beforeAll(async () => {
    swarm = await startSwarm({ ...unprobed, swarm: 'test', onExit: (end) => exits.push(end) })
  }, 30_000)
  afterAll(() => swarm.stop())

  const agent = (name: string) => swarm.agents.find((each) => each.name === name)!
  const task = (name: string) =>
    fetch(`${agent(name).url}/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 'tides' }),
    })

  test('works: tasks get done, with tools and the model', async () => {
    await expect
      .poll(async () => (await getJson(`${agent('orchestrator').url}/status`)).done, patience)
      .toBeGreaterThan(1)
    const { counts } = await getJson(`${swarm.modelUrl}/control`)
    expect(counts.byEndpoint).toMatchObject({
      'chat-completions': expect.any(Number),
      responses: expect.any(Number),
    })
    expect(counts.toolCalls).toBeGreaterThan(0)
    expect(counts).toMatchObject({ errors: 0, refused: 0 })
    expect(swarm.agents.map(({ name, speaks }) => `${name} ${speaks}`)).toEqual([
      'orchestrator otlp',
      'summarizer otlp',
      'coder otlp',
      'reviewer otlp',
      'researcher otlp',
      'tools otlp',
      'archivist websocket',
    ])
  })

  test('errors: workers and researcher answer 502 until it is mended', async () => {
    await swarm.break('errors')
    expect([(await task('coder')).status, (await task('researcher')).status]).toEqual([502, 502])
    await swarm.mend()
    expect([(await task('coder')).status, (await task('researcher')).status]).toEqual([200, 200])
  })

  test('slow: the tool server is told to take 6 s', async () => {
    await swarm.break('slow')
    expect(await getJson(`${agent('tools').url}/control`)).toMatchObject({ latencyMs: 6000 })
    await swarm.mend()
    expect(await getJson(`${agent('tools').url}/control`)).toEqual({
      latencyMs: 40,
      errorRate: 0,
      blockMs: 0,
    })
  })

  test('busy: the coder hardly hears anything, but it hears that it is over', async () => {
    await swarm.break('busy')
    await swarm.mend()
    expect((await task('coder')).status).toBe(200)
  })

  test('crash: a worker is gone and comes back at its address', async () => {
    const before = agent('reviewer')
    await swarm.break('crash')
    expect(isRunning(before.pid)).toBe(false)
    expect(exits).toEqual([{ name: 'reviewer', code: null, signal: 'SIGKILL' }])
    await swarm.mend()
    expect(agent('reviewer')).toMatchObject({ url: before.url, pid: expect.not.toBeOneOf([before.pid]) })
    expect((await task('reviewer')).status).toBe(200)
  })

  test('an unknown breakage is refused by name', async () => {
    await expect(swarm.break('toString' as 'crash')).rejects.toThrow('errors, slow, busy, crash')
  })

  test('the WebSocket agent answers as the protocol says, mistakes too', async () => {
    const socket = new WebSocket(swarm.webSocketAgents[0]!)
    onTestFinished(() => socket.close())
    await once(socket, 'open')
    const ask = async (question: string) => {
      socket.send(question)
      const [message] = await once(socket, 'message')
      return JSON.parse(message.data)
    }

    const answer = metricsResponseSchema.parse(await ask('{"type":"metrics_request","requestId":"r7"}'))
    expect(answer).toMatchObject({
      requestId: 'r7',
      agentType: 'archivist',
      swarm: 'test',
      activeConnections: 1,
    })
    const mistakes = ['{', '{"type":"hello"}', 'null', ' '.repeat(5000)]
    const errors = []
    for (const mistake of mistakes) errors.push(metricsErrorSchema.parse(await ask(mistake)).code)
    expect(errors).toEqual(['malformed-message', 'unknown-type', 'unknown-type', 'message-too-large'])
  })

  test('stops without a trace', async () => {
    const pids = swarm.agents.map(({ pid }) => pid)
    await swarm.stop()
    expect(pids.filter(isRunning)).toEqual([])
    await expect(fetch(swarm.modelUrl)).rejects.toThrow()
    expect(exits).toHaveLength(1)
    await expect(swarm.mend()).rejects.toThrow()
  })
})

test('nothing is left when the process that started it is killed', async () => {
  const program = `
    const { startSwarm } = await import(${JSON.stringify(new URL('run-swarm.js', import.meta.url).href)})
    const swarm = await startSwarm({ preload: null })
    await swarm.break('busy')
    console.log(JSON.stringify({ pids: swarm.agents.map(({ pid }) => pid), modelUrl: swarm.modelUrl }))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(parent.stdout, 'data')
  const { pids, modelUrl } = JSON.parse(String(line))
  expect(pids.filter(isRunning)).toHaveLength(7)

  parent.kill('SIGKILL')
  await expect.poll(() => pids.filter(isRunning), patience).toEqual([])
  await expect.poll(() => fetch(modelUrl).then(String, () => 'gone'), patience).toBe('gone')
}, 30_000)

test('an agent that does not get ready: a clear error, and nothing is left running', async () => {
  const lines: string[] = []
  const starting = startSwarm({
    preload: 'data:text/javascript,process.exit(3)',
    log: (line) => lines.push(line),
  })
  await expect(starting).rejects.toThrow('tools ended at once (3)')
})

import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionArgs, actionResponseSchema, actionsResponseSchema } from '@perfmon/protocol'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildProbe, type RunningAgent, runAgent } from '../../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../../testing/start-receiver.ts'

/** Each built-in action, asked of a real agent over its WebSocket. */
let receiver: Receiver
let agent: RunningAgent
let peer: WebSocket
let folder: string
let requests = 0
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'perfmon-profiles-test-'))
})
afterEach(async () => {
  peer?.terminate()
  agent?.process.kill('SIGKILL')
  await agent?.ended
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

const server = `
import http from 'node:http'
import { AsyncLocalStorage } from 'node:async_hooks'
const place = new AsyncLocalStorage()
let open = 0
let most = 0
const server = http.createServer((request, response) => place.run(request.url, async () => {
  open++
  most = Math.max(most, open)
  await new Promise((resolve) => setTimeout(resolve, 100))
  open--
  response.end(JSON.stringify({ most, place: place.getStore() }))
  if (request.url === '/reset') most = 0
}))
server.listen(0, '127.0.0.1', () => console.log('at ' + server.address().port))
const junk = Array.from({ length: 20000 }, (_, i) => ({ text: 'item ' + i }))
setInterval(function think() { globalThis.size = JSON.stringify(junk).length }, 5)
`

const startAgent = async (allow: string | undefined, source = server, env: Record<string, string> = {}) => {
  agent = await runAgent({
    source,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      PERFMON_WS_PORT: '0',
      PERFMON_PROFILE_DIR: folder,
      ...(allow !== undefined && { PERFMON_ALLOW_ACTIONS: allow }),
      ...env,
    },
  })
  const report = await receiver.report(({ resource }) => 'perfmon.agent.websocket.url' in resource)
  peer = new WebSocket(String(report.resource['perfmon.agent.websocket.url']))
  await once(peer, 'open')
}

const ask = async (message: object) => {
  const answer = once(peer, 'message')
  peer.send(JSON.stringify(message))
  return JSON.parse(String((await answer)[0]))
}
const act = (action: string, args: ActionArgs = {}) =>
  ask({ type: 'action_request', requestId: `request-${++requests}`, action, args, by: 'test' })
const result = async (action: string, args: ActionArgs = {}) => {
  const answer = actionResponseSchema.strict().parse(await act(action, args))
  return { ...answer, result: answer.result as Record<string, never> }
}

test('garbage is collected, and the heap before and after told', async () => {
  await startAgent('collect-garbage')
  const { result: told, irreversible } = await result('collect-garbage')
  expect(told['before']).toMatchObject({ heapUsedBytes: expect.any(Number), rssBytes: expect.any(Number) })
  expect(told['freedBytes']).toEqual(expect.any(Number))
  expect(irreversible).toBeTruthy()
})

describe('profiles', () => {
  test('of the CPU are a file that the standard tools can read', async () => {
    await startAgent('cpu-profile')
    const { result: told } = await result('cpu-profile', { durationMs: 300, samplingUs: 500 })
    const profile = JSON.parse(await readFile(String(told['file']), 'utf8'))
    const ids = new Set(profile.nodes.map((node: { id: number }) => node.id))
    expect(profile.samples.length).toBeGreaterThan(50)
    expect(profile.timeDeltas).toHaveLength(profile.samples.length)
    expect(profile.samples.every((id: number) => ids.has(id))).toBe(true)
    expect(profile.endTime - profile.startTime).toBeGreaterThan(250_000)
    const frames = profile.nodes.map((node: { callFrame: object }) => node.callFrame)
    expect(frames).toContainEqual(
      expect.objectContaining({ functionName: 'think', url: expect.stringMatching(/agent\.mjs$/) }),
    )
    expect((await stat(String(told['file']))).mode & 0o777).toBe(0o600)
  })

  test('of allocations too', async () => {
    await startAgent(
      'heap-profile',
      'const kept = []; setInterval(() => kept.push(new Array(1000).fill({})), 5)',
    )
    const { result: told } = await result('heap-profile', { durationMs: 300, samplingBytes: 1024 })
    const profile = JSON.parse(await readFile(String(told['file']), 'utf8'))
    expect(profile.head.callFrame.functionName).toBe('(root)')
    expect(profile.head.children.length).toBeGreaterThan(0)
    expect(profile.samples.length).toBeGreaterThan(10)
  })

  test('of the whole heap: as many nodes and edges as it says', async () => {
    await startAgent('heap-snapshot')
    const { result: told } = await result('heap-snapshot')
    const { snapshot, nodes, edges } = JSON.parse(await readFile(String(told['file']), 'utf8'))
    expect(nodes).toHaveLength(snapshot.node_count * snapshot.meta.node_fields.length)
    expect(edges).toHaveLength(snapshot.edge_count * snapshot.meta.edge_fields.length)
    expect(told['bytes']).toBe((await stat(String(told['file']))).size)
  })

  test('one at a time, while metrics are still answered', async () => {
    await startAgent('*')
    const answers: { type: string; code?: string }[] = []
    const all = new Promise<void>((resolve) => {
      peer.on('message', (data) => {
        answers.push(JSON.parse(String(data)))
        if (answers.length === 3) resolve()
      })
    })
    peer.send(
      JSON.stringify({
        type: 'action_request',
        requestId: 'profile-1',
        action: 'cpu-profile',
        args: { durationMs: 1000 },
      }),
    )
    peer.send(JSON.stringify({ type: 'action_request', requestId: 'profile-2', action: 'collect-garbage' }))
    peer.send('{"type":"metrics_request"}')
    await all
    expect(answers.map(({ type, code }) => code ?? type).sort()).toEqual([
      'action_response',
      'busy',
      'metrics_response',
    ])
  })

  test('are bounded in number, the oldest go', async () => {
    await startAgent('heap-profile')
    for (let i = 0; i < 22; i++) await result('heap-profile', { durationMs: 100 })
    expect(await readdir(folder)).toHaveLength(20)
  }, 30_000)

  test('are not written where others could read or redirect them', async () => {
    await chmod(folder, 0o755)
    await startAgent('cpu-profile')
    expect(await act('cpu-profile', { durationMs: 100 })).toMatchObject({ code: 'action-failed' })
    await chmod(folder, 0o700)
    const link = `${folder}-link`
    await symlink(folder, link)
    peer.terminate()
    agent.process.kill('SIGKILL')
    await agent.ended
    await receiver.close()
    receiver = await startReceiver()
    await startAgent('cpu-profile', server, { PERFMON_PROFILE_DIR: link })
    expect(await act('cpu-profile', { durationMs: 100 })).toMatchObject({ code: 'action-failed' })
    await rm(link)
    expect(await readdir(folder)).toEqual([])
  })
})

test('the interval of reports changes, with the promise by which lateness is judged, and goes back', async () => {
  await startAgent('sampling-interval')
  const { undo } = await result('sampling-interval', { intervalMs: 400 })
  await receiver.report(({ resource }) => resource['perfmon.report.interval'] === 400)
  expect(undo).toEqual({ action: 'sampling-interval', args: { intervalMs: 100 } })
  await result(undo!.action, undo!.args)
  const offered = actionsResponseSchema.parse(await ask({ type: 'actions_request' }))
  expect(offered.changes).toEqual([])
})

describe('a limit of concurrent requests', () => {
  const served = async (port: number, count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const answer = await fetch(`http://127.0.0.1:${port}/${index}`)
        return { status: answer.status, index, ...JSON.parse((await answer.text()).replace(/^Too.*/s, '{}')) }
      }),
    )
  const portOf = async () => {
    await agent.said('at ')
    return Number(/at (\d+)/.exec(agent.output().stdout)![1])
  }

  test('really limits them: the others wait, and keep their own context', async () => {
    await startAgent('concurrency-limit')
    const port = await portOf()
    await result('concurrency-limit', { limit: 2 })
    const answers = await served(port, 8)
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(Math.max(...answers.map(({ most }) => most))).toBe(2)
    expect(answers.every(({ place, index }) => place === `/${index}`)).toBe(true)
    await result('restore')
    await fetch(`http://127.0.0.1:${port}/reset`)
    const free = await served(port, 8)
    expect(Math.max(...free.map(({ most }) => most))).toBeGreaterThan(2)
  })

  test('over its queue, and over the wait, there is 503', async () => {
    await startAgent('concurrency-limit')
    const port = await portOf()
    await result('concurrency-limit', { limit: 1, queue: 2 })
    const statuses = (await served(port, 8)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(3)
    expect(statuses.filter((status) => status === 503)).toHaveLength(5)
    await result('concurrency-limit', { waitMs: 1 })
    const hurried = (await served(port, 3)).map(({ status }) => status)
    expect(hurried.sort()).toEqual([200, 503, 503])
  })
})

test('the connection pools are set, and go back exactly', async () => {
  await startAgent(
    'http-keep-alive',
    `
import http from 'node:http'
import https from 'node:https'
https.globalAgent.maxSockets = 7
const server = http.createServer((request, response) => setTimeout(() => response.end('x'), 50))
let opened = 0
server.on('connection', () => opened++)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = 'http://127.0.0.1:' + server.address().port
await fetch(url).then((answer) => answer.text())
const dispatcher = () => globalThis[Symbol.for('undici.globalDispatcher.2')] ?? globalThis[Symbol.for('undici.globalDispatcher.1')]
const own = dispatcher()
process.on('SIGUSR2', async () => {
  opened = 0
  await Promise.all(Array.from({ length: 10 }, () => fetch(url).then((answer) => answer.text())))
  console.log(JSON.stringify({ opened, isOwn: dispatcher() === own, http: [http.globalAgent.keepAlive, http.globalAgent.maxSockets], https: https.globalAgent.maxSockets }))
})
console.log('ready')
`,
  )
  await agent.said('ready')
  const look = async (text: string) => {
    agent.process.kill('SIGUSR2')
    await agent.said(text)
  }
  const { undo } = await result('http-keep-alive', {
    httpKeepAlive: false,
    httpMaxSockets: 3,
    httpsMaxSockets: 4,
    fetchConnections: 2,
  })
  expect(undo!.args).toEqual({
    httpKeepAlive: true,
    httpMaxSockets: 0,
    httpsKeepAlive: true,
    httpsMaxSockets: 7,
    fetchConnections: 0,
  })
  await look('{"opened":2,"isOwn":false,"http":[false,3],"https":4')
  await result(undo!.action, undo!.args)
  await look('"isOwn":true,"http":[true,null],"https":7')
})

test('an agent that allows nothing does nothing of it', async () => {
  await startAgent(undefined)
  for (const action of ['collect-garbage', 'cpu-profile', 'heap-profile', 'heap-snapshot']) {
    expect(await act(action)).toMatchObject({ type: 'error', code: 'not-allowed' })
  }
  expect(await readdir(folder)).toEqual([])
  const offered = actionsResponseSchema.parse(await ask({ type: 'actions_request' }))
  expect(
    offered.actions
      .filter(({ allowed }) => allowed)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['get-tunable', 'restore', 'set-tunable', 'undo-action'])
})

test('an agent ends when it wants to, also in the middle of a profile', async () => {
  await startAgent('cpu-profile', 'setTimeout(() => {}, 1200)')
  peer.send(
    JSON.stringify({
      type: 'action_request',
      requestId: 'profile-x',
      action: 'cpu-profile',
      args: { durationMs: 60_000 },
    }),
  )
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
})

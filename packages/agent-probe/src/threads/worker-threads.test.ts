import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startFakeModelServer } from '../../../../examples/fake-model-server/fake-model-server.js'
import { buildProbe, registerFile, runAgent } from '../testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from '../testing/start-receiver.ts'
import { countOf, sumOf } from '../testing/watch-ai-agent.ts'

let receiver: Receiver
beforeAll(buildProbe, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const env = (more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
  ...more,
})

const served = 'http.server.request.duration'
const made = 'http.client.request.duration'

// An agent that is its own upstream, and starts itself as worker; `work` runs in each of them.
const program = (main: string, work: string) => ({
  file: 'agent.mjs',
  source: `
import http from 'node:http'
import { once } from 'node:events'
import { isMainThread, parentPort, threadId, Worker, workerData } from 'node:worker_threads'
const start = (data, options = {}) => new Worker(new URL(import.meta.url), { workerData: data, ...options })
const listen = async (answer) => {
  const server = http.createServer(answer)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: server.address().port }
}
const get = async (port, path = '/') => (await fetch('http://127.0.0.1:' + port + path)).text()
if (isMainThread) { ${main} } else { ${work} }`,
})

const ids = () => new Set(receiver.reports.map(({ resource }) => resource['service.instance.id'])).size

describe('what a worker thread does', () => {
  test('is told in the report of its process: requests served and made, by whichever thread', async () => {
    const agent = await runAgent({
      env: env(),
      ...program(
        `
const worker = start(0)
const [port] = await once(worker, 'message')
for (let i = 0; i < 3; i++) await get(port)
await get(port, '/broken')
worker.postMessage('made')
await once(worker, 'message')
worker.postMessage('end')
const [code] = await once(worker, 'exit')
console.log('code', code)`,
        `
const { server, port } = await listen((request, response) => {
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end()
})
parentPort.postMessage(port)
await once(parentPort, 'message')
for (let i = 0; i < 2; i++) await get(port)
await new Promise((resolve) => http.get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume().on('end', resolve)))
parentPort.postMessage('done')
await once(parentPort, 'message')
server.close()
server.closeAllConnections()
parentPort.unref()`,
      ),
    })
    expect(await agent.ended).toMatchObject({ code: 0, stdout: 'code 0\n', stderr: '' })
    const last = receiver.reports.at(-1)!
    expect(
      last.metrics.get(served)!.points.map(({ attributes, value }) => ({ ...attributes, value })),
    ).toEqual([
      { 'http.request.method': 'GET', 'url.scheme': 'http', 'http.response.status_code': 200, value: 6 },
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.response.status_code': 500,
        'error.type': '500',
        value: 1,
      },
    ])
    // Four by the main thread, three by the worker, in one series for each attribute set.
    expect(countOf(last, made)).toBe(7)
    expect(last.metrics.get(made)!.points).toHaveLength(2)
    expect(pointValue(last, 'http.server.active_requests')).toBe(0)
    expect(pointValue(last, 'http.client.active_requests')).toBe(0)
    expect(pointValue(last, 'perfmon.worker.started')).toBe(1)
    expect(pointValue(last, 'perfmon.worker.active')).toBe(0)
    expect(
      pointValue(last, 'perfmon.worker.eventloop.time', { 'nodejs.eventloop.state': 'active' }),
    ).toBeGreaterThan(0)
    expect(ids()).toBe(1)
  })

  test('a call to a model counts, with its tokens, also when the main thread makes none', async () => {
    const model = await startFakeModelServer({ latencyMs: 2 })
    const agent = await runAgent({
      env: env({ MODEL_URL: model.url }),
      ...program(
        'await once(start(0), "exit")',
        `
for (let i = 0; i < 3; i++) {
  const answer = await fetch(process.env.MODEL_URL + '/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'secret' }] }),
  })
  await answer.json()
}`,
      ),
    })
    expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
    await model.close()
    const last = receiver.reports.at(-1)!
    const { requests, inputTokens, outputTokens } = model.counts()
    expect(requests).toBe(3)
    expect(countOf(last, 'gen_ai.client.operation.duration')).toBe(3)
    expect(countOf(last, 'perfmon.gen_ai.client.attempt')).toBe(3)
    expect(sumOf(last, 'gen_ai.client.token.usage', { 'gen_ai.token.type': 'input' })).toBe(inputTokens)
    expect(sumOf(last, 'gen_ai.client.token.usage', { 'gen_ai.token.type': 'output' })).toBe(outputTokens)
    expect(last.body.toString()).not.toContain('secret')
  })

  test.each([
    { title: 'process.exit', end: 'process.exit(7)', code: 7 },
    { title: 'an uncaught error', end: 'throw new Error("broken")', code: 1 },
    { title: 'terminate', end: 'parentPort.postMessage("terminate"); for (;;);', code: 1 },
  ])('is not lost when it ends by $title, in the middle of a request', async ({ end, code }) => {
    const agent = await runAgent({
      env: env(),
      ...program(
        `
const { server, port } = await listen((request, response) => { if (request.url !== '/silent') response.end() })
const worker = start(port)
worker.on('error', () => {})
worker.on('message', () => worker.terminate())
const code = await new Promise((resolve) => worker.on('exit', resolve))
console.log('code', code)
setTimeout(() => { server.close(); server.closeAllConnections() }, 300)`,
        `
for (let i = 0; i < 5; i++) await get(workerData)
get(workerData, '/silent').catch(() => {})
setTimeout(() => { ${end} }, 20)`,
      ),
    })
    expect(await agent.ended).toMatchObject({ code: 0, stdout: `code ${code}\n`, stderr: '' })
    const last = receiver.reports.at(-1)!
    expect(countOf(last, made)).toBe(5)
    expect(pointValue(last, 'http.client.active_requests')).toBe(0)
    const totals = receiver.reports.map((report) => countOf(report, made))
    expect(totals).toEqual(totals.toSorted((a, b) => a - b))
  })

  test('is told while it blocks its event loop, and so is that it does', async () => {
    const agent = await runAgent({
      env: env(),
      ...program(
        `
const { server, port } = await listen((request, response) => response.end())
const worker = start(port)
process.on('SIGTERM', () => process.exit(0))`,
        'for (let i = 0; i < 5; i++) await get(workerData)\nfor (;;);',
      ),
    })
    await receiver.report((report) => countOf(report, made) === 5)
    await receiver.report(
      (report) => (pointValue(report, 'perfmon.worker.eventloop.utilization') ?? 0) > 0.99,
    )
    agent.process.kill('SIGTERM')
    expect((await agent.ended).code).toBe(0)
    expect(countOf(receiver.reports.at(-1)!, made)).toBe(5)
  })

  test('a worker of a worker counts, and ends with it', async () => {
    const agent = await runAgent({
      env: env(),
      ...program(
        `
const { server, port } = await listen((request, response) => response.end())
const worker = start({ port, depth: 1 })
await once(worker, 'message')
setTimeout(async () => {
  await worker.terminate()
  setTimeout(() => { server.close(); server.closeAllConnections() }, 250)
}, 1600)`,
        `
const { port, depth } = workerData
await get(port)
if (depth < 3) {
  const child = start({ port, depth: depth + 1 })
  await once(child, 'message')
}
parentPort.postMessage('done')
setInterval(() => {}, 1000)`,
      ),
    })
    const seen = await receiver.report((report) => pointValue(report, 'perfmon.worker.active') === 3)
    expect(pointValue(seen, 'perfmon.worker.started')).toBe(3)
    await receiver.report((report) => (pointValue(report, 'perfmon.worker.memory.heap.used') ?? 0) > 0)
    expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
    const last = receiver.reports.at(-1)!
    expect(countOf(last, made)).toBe(3)
    expect(pointValue(last, 'perfmon.worker.active')).toBe(0)
    expect(pointValue(last, 'perfmon.worker.started')).toBe(3)
  })
})

test('forty workers made and ended leave nothing behind but their totals', async () => {
  const agent = await runAgent({
    nodeOptions: ['--expose-gc', '--import', registerFile],
    env: env(),
    ...program(
      `
const { server, port } = await listen((request, response) => response.end())
const registry = new FinalizationRegistry(() => gone++)
let gone = 0
for (let round = 0; round < 5; round++) {
  await Promise.all(Array.from({ length: 8 }, () => {
    const worker = start(port)
    registry.register(worker)
    return once(worker, 'exit')
  }))
}
console.log('ended')
const look = setInterval(() => {
  gc()
  if (gone < 35) return
  clearInterval(look)
  server.close()
  server.closeAllConnections()
}, 100)`,
      `http.get({ port: workerData, host: '127.0.0.1', agent: false }, (response) => response.resume())`,
    ),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  const last = receiver.reports.at(-1)!
  expect(countOf(last, made)).toBe(40)
  expect(last.metrics.get(made)!.points).toHaveLength(1)
  expect(pointValue(last, 'perfmon.worker.active')).toBe(0)
  expect(pointValue(last, 'perfmon.worker.started')).toBe(40)
}, 60_000)

test('a worker without our preload is unknown, but for its event loop, and nobody is disturbed', async () => {
  const agent = await runAgent({
    env: env(),
    ...program(
      `
const { server, port } = await listen((request, response) => response.end())
await once(start(port, { execArgv: [] }), 'exit')
await once(new Worker('setTimeout(() => {}, 50)', { eval: true }), 'exit')
server.close()
server.closeAllConnections()`,
      'await get(workerData)',
    ),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  const last = receiver.reports.at(-1)!
  expect(countOf(last, made)).toBe(0)
  expect(countOf(last, served)).toBe(1)
  expect(pointValue(last, 'perfmon.worker.started')).toBe(2)
})

test('an agent without workers tells of none, and a worker ends when it has nothing left to do', async () => {
  const alone = await runAgent({ source: 'setTimeout(() => {}, 150)', env: env() })
  await alone.ended
  expect([...receiver.reports.at(-1)!.metrics.keys()].filter((name) => /worker/.test(name))).toEqual([])

  const agent = await runAgent({
    env: env(),
    ...program(
      'start(0).on("exit", (code) => console.log("worker", code))',
      'console.log(process.listenerCount("SIGTERM"))',
    ),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: '0\nworker 0\n', stderr: '' })
})

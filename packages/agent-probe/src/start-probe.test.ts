import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { buildProbe, registerFile, runAgent } from './testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from './testing/start-receiver.ts'

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

// Serves three requests to itself by fetch and two by node:http, then ends on its own.
const body = `
const server = http.createServer((request, response) => {
  response.statusCode = request.url === '/broken' ? 500 : 200
  response.end('done')
})
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address()
  const get = (path) => new Promise((resolve) =>
    http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => response.resume().on('end', resolve)))
  for (const path of ['/a', '/b?secret=1', '/broken']) await (await fetch('http://127.0.0.1:' + port + path)).text()
  await get('/a')
  await get('/broken')
  console.log('port', port)
  server.close()
  server.closeAllConnections()
})`

const programs = [
  { title: 'ESM', file: 'planner.mjs', source: `import http from 'node:http'${body}` },
  { title: 'CommonJS', file: 'planner.cjs', source: `const http = require('node:http')${body}` },
]

describe.each(programs)('an unmodified $title agent', ({ file, source }) => {
  test('reports what it served and made, with nothing in it but names', async () => {
    const agent = await runAgent({ file, source, env: env() })
    const { code, stdout, stderr } = await agent.ended
    const port = Number(/port (\d+)/.exec(stdout)?.[1])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })

    const last = receiver.reports.at(-1)!
    const server = last.metrics.get('http.server.request.duration')!
    expect(server).toMatchObject({ kind: 'histogram', unit: 's', temporality: 2 })
    expect(server.points.map(({ attributes, value }) => ({ ...attributes, value }))).toEqual([
      { 'http.request.method': 'GET', 'url.scheme': 'http', 'http.response.status_code': 200, value: 3 },
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.response.status_code': 500,
        'error.type': '500',
        value: 2,
      },
    ])
    const peer = { 'http.request.method': 'GET', 'server.address': '127.0.0.1', 'server.port': port }
    const client = last.metrics.get('http.client.request.duration')!
    expect(client.points.map(({ attributes, value }) => ({ ...attributes, value }))).toEqual([
      { ...peer, 'http.response.status_code': 200, value: 3 },
      { ...peer, 'http.response.status_code': 500, 'error.type': '500', value: 2 },
    ])
    expect(pointValue(last, 'http.server.active_requests')).toBe(0)
    expect(pointValue(last, 'http.client.active_requests')).toBe(0)
    expect(last.body.toString()).not.toContain('secret')
  })
})

test('an agent says who it is and how it is', async () => {
  const agent = await runAgent({
    file: 'index.mjs',
    source: `setTimeout(() => {}, 400)
             for (let i = 0; i < 5; i++) globalThis.gc?.()`,
    env: env({ PERFMON_SWARM: 'research', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' }),
  })
  await agent.ended
  const [first, second] = receiver.reports
  expect(first!.resource).toMatchObject({
    'service.name': expect.stringMatching(/^perfmon-agent-/),
    'service.namespace': 'research',
    'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
    'process.pid': agent.process.pid,
    'process.runtime.name': 'nodejs',
    'telemetry.distro.name': 'perfmon',
    'deployment.environment.name': 'test',
    'perfmon.report.interval': 100,
  })
  expect(second!.resource).toEqual(first!.resource)
  expect([...first!.metrics.values()].map(({ name, kind, unit }) => `${name} ${kind} ${unit}`)).toEqual(
    expect.arrayContaining([
      'process.cpu.time sum s',
      'process.memory.usage sum By',
      'process.memory.utilization gauge 1',
      'process.uptime gauge s',
      'perfmon.v8.heap.limit sum By',
      'v8js.memory.heap.used sum By',
      'nodejs.eventloop.utilization gauge 1',
      'nodejs.eventloop.time sum s',
      'perfmon.probe.cpu.time sum s',
      'perfmon.probe.dropped_points sum {data_point}',
    ]),
  )
  expect(pointValue(first!, 'process.memory.usage')).toBeGreaterThan(1e7)
  expect(pointValue(first!, 'process.cpu.time', { 'cpu.mode': 'user' })).toBeGreaterThan(0)
  expect(pointValue(second!, 'nodejs.eventloop.utilization')).toBeLessThanOrEqual(1)
})

test('garbage collections and event loop delay are seen at level detailed, neither at minimal', async () => {
  const source = 'for (let i = 0; i < 10; i++) gc()\nsetTimeout(() => gc(), 150)\nsetTimeout(() => {}, 400)'
  const nodeOptions = ['--expose-gc', '--import', registerFile]
  for (const PERFMON_LEVEL of ['detailed', 'minimal']) {
    const agent = await runAgent({
      source,
      nodeOptions,
      file: `${PERFMON_LEVEL}.mjs`,
      env: env({ PERFMON_LEVEL }),
    })
    await agent.ended
  }
  const last = (name: string) =>
    receiver.reports.findLast(({ resource }) => resource['service.name'] === name)!
  expect(pointValue(last('detailed'), 'v8js.gc.duration', { 'v8js.gc.type': 'major' })).toBeGreaterThan(0)
  const delays = receiver.reports.filter(({ metrics }) => metrics.has('nodejs.eventloop.delay.p99'))
  expect(delays.length).toBeGreaterThan(0)
  expect(last('minimal').metrics.has('v8js.gc.duration')).toBe(false)
  expect(delays.every(({ resource }) => resource['service.name'] === 'detailed')).toBe(true)
})

describe('outgoing requests', () => {
  const upstream = createServer((request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 })
      response.write('a')
      setImmediate(() => response.destroy())
    } else if (request.url === '/endless') {
      const timer = setInterval(() => response.write('data\n'), 5)
      response.on('close', () => clearInterval(timer))
    } else if (request.url !== '/silent') {
      response.statusCode = 404
      response.end()
    }
  })
  let port: number
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    port = (upstream.address() as AddressInfo).port
  })
  afterAll(() => {
    upstream.closeAllConnections()
    upstream.close()
  })

  test('fail, are cut, time out or are read in part: each is told apart, and none is counted twice', async () => {
    const agent = await runAgent({
      env: env({ UPSTREAM: `http://127.0.0.1:${port}` }),
      source: `
import http from 'node:http'
const base = process.env.UPSTREAM
const quietly = (promise) => promise.catch(() => {})
const viaHttp = (path, during = () => {}) => new Promise((resolve) => {
  const request = http.get(base + path, (response) => { during(request, response); response.resume() })
  request.on('error', () => {}).on('close', resolve)
})
await quietly(fetch(base + '/missing', { method: 'POST' }))
await quietly(fetch(base + '/cut').then((response) => response.text()))
await quietly(fetch(base + '/silent', { signal: AbortSignal.timeout(30) }))
await quietly(fetch(base + '/endless').then((response) => response.body.cancel()))
await quietly(fetch('http://nowhere.invalid:81/'))
await viaHttp('/missing')
await viaHttp('/cut')
await viaHttp('/endless', (request, response) => response.once('data', () => response.destroy()))
await new Promise((resolve) => http.get('http://127.0.0.1:1/').on('error', resolve))
`,
    })
    expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
    const last = receiver.reports.at(-1)!
    const lines = last.metrics
      .get('http.client.request.duration')!
      .points.map(({ attributes: a, value }) =>
        [
          a['http.request.method'],
          `${a['server.address']}:${a['server.port']}`.replace(String(port), 'PORT'),
          a['http.response.status_code'] ?? '-',
          a['error.type'] ?? 'ok',
          `x${value}`,
        ].join(' '),
      )
    expect(lines.sort()).toEqual(
      [
        'POST 127.0.0.1:PORT 404 404 x1',
        'GET 127.0.0.1:PORT 200 UND_ERR_SOCKET x1',
        'GET 127.0.0.1:PORT - TimeoutError x1',
        'GET 127.0.0.1:PORT 200 ok x2',
        'GET nowhere.invalid:81 - ENOTFOUND x1',
        'GET 127.0.0.1:PORT 404 404 x1',
        'GET 127.0.0.1:PORT 200 ECONNRESET x1',
        'GET 127.0.0.1:1 - ECONNREFUSED x1',
      ].sort(),
    )
    expect(pointValue(last, 'http.client.active_requests')).toBe(0)
  })
})

test('a caller that leaves before the answer is counted, and no longer as active', async () => {
  const agent = await runAgent({
    env: env(),
    source: `
import http from 'node:http'
import net from 'node:net'
const server = http.createServer((request, response) => {
  response.on('close', () => { server.close(); console.log('left') })
  socket.destroy()
})
let socket
server.listen(0, '127.0.0.1', () => {
  socket = net.connect(server.address().port, '127.0.0.1')
  socket.write('BREW /pot HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'.replace('BREW', 'PURGE'))
})`,
  })
  await agent.ended
  const last = receiver.reports.at(-1)!
  expect(last.metrics.get('http.server.request.duration')!.points).toMatchObject([
    {
      attributes: { 'http.request.method': '_OTHER', 'url.scheme': 'http', 'error.type': 'aborted' },
      value: 1,
    },
  ])
  expect(pointValue(last, 'http.server.active_requests')).toBe(0)
})

test('a route is named when the framework notes one', async () => {
  const agent = await runAgent({
    env: env(),
    source: `
import http from 'node:http'
const server = http.createServer((request, response) => {
  request.route = { path: '/users/:id' }
  if (request.url.startsWith('/mounted')) request.baseUrl = '/mounted/42'
  response.end()
})
server.listen(0, '127.0.0.1', async () => {
  const base = 'http://127.0.0.1:' + server.address().port
  await fetch(base + '/users/7')
  await fetch(base + '/mounted/42/users/7')
  server.close()
  server.closeAllConnections()
})`,
  })
  await agent.ended
  const points = receiver.reports.at(-1)!.metrics.get('http.server.request.duration')!.points
  expect(points.map(({ attributes }) => attributes['http.route'])).toEqual(['/users/:id', undefined])
})

test('reports are protobuf by default, and compressed only on their way out of the machine', async () => {
  const agent = await runAgent({
    source: '',
    env: env({
      OTEL_EXPORTER_OTLP_PROTOCOL: '',
      PERFMON_TOKEN: 'abc',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue',
    }),
  })
  await agent.ended
  const [report] = receiver.reports
  expect(report!.headers).toMatchObject({
    'content-type': 'application/x-protobuf',
    authorization: 'Bearer abc',
    'x-tenant': 'blue',
  })
  expect(report!.headers['content-encoding']).toBeUndefined()
  expect(report!.body.includes('process.cpu.time')).toBe(true)

  const zipped = await runAgent({
    source: 'setInterval(() => {}, 1000)',
    env: env({ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }),
  })
  await receiver.report(({ headers }) => headers['content-encoding'] === 'gzip')
  zipped.process.kill('SIGTERM')
  await zipped.ended
  const compressed = receiver.reports.filter(({ headers }) => headers['content-encoding'] === 'gzip')
  // In mid-life and at exit, which are two ways out.
  expect(compressed.length).toBeGreaterThan(1)
  expect(compressed.at(-1)!.metrics.has('perfmon.agent.exit')).toBe(true)
})

test('the probe can be preloaded by --require, twice, and by NODE_OPTIONS', async () => {
  const file = new URL(registerFile).pathname
  const agent = await runAgent({
    file: 'agent.cjs',
    source: 'console.log("ran")',
    nodeOptions: ['--require', file, '--require', file],
    env: env({ NODE_OPTIONS: `--import ${registerFile}` }),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: 'ran\n', stderr: '' })
  expect(receiver.reports).toHaveLength(1)
})

test.each([
  { title: 'PERFMON_DISABLED', more: { PERFMON_DISABLED: '1' }, file: 'agent.mjs' },
  { title: 'OTEL_SDK_DISABLED', more: { OTEL_SDK_DISABLED: 'true' }, file: 'agent.mjs' },
  { title: 'npm as the program', more: {}, file: 'npm-cli.js' },
])('$title switches it off altogether', async ({ more, file }) => {
  const agent = await runAgent({
    file,
    source: 'console.log(process.listenerCount("SIGTERM"))',
    env: env(more),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: '0\n', stderr: '' })
  expect(receiver.reports).toHaveLength(0)
})

test('a worker thread is no agent of its own, and ends as it would', async () => {
  const agent = await runAgent({
    source: `
import { Worker, isMainThread } from 'node:worker_threads'
if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', (code) => console.log('worker', code))
else setTimeout(() => {}, 150)`,
    env: env(),
  })
  expect(await agent.ended).toMatchObject({ code: 0, stdout: 'worker 0\n', stderr: '' })
  expect(new Set(receiver.reports.map(({ resource }) => resource['service.instance.id'])).size).toBe(1)
})

test('the agent registers its own OpenTelemetry later, and never meets ours', async () => {
  const api = import.meta.resolve('@opentelemetry/api')
  const sdk = import.meta.resolve('@opentelemetry/sdk-metrics')
  const agent = await runAgent({
    env: env(),
    source: `
import { diag, DiagLogLevel, metrics, trace } from '${api}'
import { MeterProvider } from '${sdk}'
setTimeout(() => {
  const said = []
  const logger = Object.fromEntries(['error', 'warn', 'info', 'debug', 'verbose'].map((level) => [level, (...m) => said.push([level, ...m])]))
  const registered = [diag.setLogger(logger, DiagLogLevel.ALL), metrics.setGlobalMeterProvider(new MeterProvider()), trace.setGlobalTracerProvider({ getTracer() {} })]
  const own = said.length
  setTimeout(() => console.log(JSON.stringify({ registered, said: said.slice(own) })), 300)
}, 300)`,
  })
  const { stdout } = await agent.ended
  expect(JSON.parse(stdout)).toEqual({ registered: [true, true, true], said: [] })
  expect(receiver.reports.length).toBeGreaterThan(2)
})

test('a WebSocket is no request: nothing stays open in the count', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  const source = `
    for (let i = 0; i < 3; i++) {
      const socket = new WebSocket('ws://127.0.0.1:${(server.address() as AddressInfo).port}')
      await new Promise((resolve) => { socket.onopen = () => socket.close(); socket.onclose = resolve })
    }`
  const agent = await runAgent({ source, env: env() })
  expect((await agent.ended).code).toBe(0)
  server.close()
  expect(pointValue(receiver.reports.at(-1)!, 'http.client.active_requests')).toBe(0)
})

test('neither tunnels nor upgrades stay open in the count', async () => {
  const proxy = createServer((_request, response) => response.end('done'))
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
  proxy.on('upgrade', (_request, socket) => socket.end(switched))
  let tunnels = 0
  proxy.on('connect', (_request, socket) => {
    tunnels++
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    // What lies beyond is this server again.
    proxy.emit('connection', socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  const agent = await runAgent({
    // `fetch` by way of a tunnel, which Node 24 can do.
    env: env({ NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${port}` }),
    source: `
import http from 'node:http'
const open = (options) => new Promise((resolve) => {
  const done = (response, socket) => { socket.destroy(); resolve() }
  const request = http.request({ host: '127.0.0.1', port: ${port}, agent: new http.Agent(), ...options })
  request.on('connect', done).on('upgrade', done).end()
})
await open({ method: 'CONNECT', path: 'somewhere:80' })
await open({ headers: { connection: 'upgrade', upgrade: 'x' } })
await (await fetch('http://somewhere.invalid')).text()
process.exit(0)`,
  })
  expect(await agent.ended).toMatchObject({ code: 0, stderr: '' })
  proxy.closeAllConnections()
  proxy.close()
  expect(tunnels).toBe(2)
  const last = receiver.reports.at(-1)!
  expect(pointValue(last, 'http.client.active_requests')).toBe(0)
  const { points } = last.metrics.get('http.client.request.duration')!
  expect(points.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([200, 101, 200])
})

test('on a Node that is too old one sentence is said and the agent runs', async () => {
  const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})"
  const agent = await runAgent({
    source: 'console.log("ran")',
    nodeOptions: ['--import', old, '--import', registerFile],
    env: env(),
  })
  expect(await agent.ended).toMatchObject({
    code: 0,
    stdout: 'ran\n',
    stderr: expect.stringMatching(/^perfmon: the probe needs Node 22\.18 or newer, this is 20\.20\.2\./),
  })
  expect(receiver.reports).toEqual([])
})

// What `PATH` offers besides the Node of the tests: the bundle's syntax and imports must suit that one too.
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
    return /^v(20|21)\./.test(stdout ?? '')
  })

test.skipIf(oldNode === undefined)('so it is with a real Node 20 (skipped where PATH has none)', async () => {
  const agent = await runAgent({ node: oldNode!, source: 'console.log("ran")', env: env() })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran\n' })
  expect(stderr).toMatch(/^perfmon: the probe needs Node 22\.18 or newer, this is 2[01]\.[^\n]*\n$/)
  expect(receiver.reports).toEqual([])
})

import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, type Receiver, startReceiver } from '../testing/start-receiver.ts'

beforeAll(buildProbe, 30_000)

/** A server that remembers the headers it was sent: on this machine, but perhaps under another name. */
const startListener = async () => {
  const heard: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers)
    response.end('ok')
  })
  // As a proxy whose outside is itself.
  server.on('connect', (request, socket) => {
    heard.push(request.headers)
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    server.emit('connection', socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { heard, port: (server.address() as AddressInfo).port }
}

const startAgent = async (
  name: string,
  receiver: Receiver,
  { source, env = {} }: { source: string; env?: Record<string, string> },
) =>
  await runAgent({
    source,
    file: `${name}.mjs`,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, OTEL_SERVICE_NAME: name, ...env },
  })

const served = `
  import http from 'node:http'
  const serve = (handle) => {
    const server = http.createServer(handle)
    server.listen(0, '127.0.0.1', () => console.log('listens ' + server.address().port))
    process.once('SIGTERM', () => { server.close(); server.closeAllConnections() })
  }`

test('planner asks three workers: edge, latency, fan-out, one trace', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const worker = await startAgent('worker', receiver, {
    source: `${served}
      serve((request, response) => setTimeout(() => response.end(JSON.stringify(request.headers)), 5))`,
  })
  await worker.said('listens')
  const workerUrl = `http://127.0.0.1:${/listens (\d+)/.exec(worker.output().stdout)![1]}`
  const planner = await startAgent('planner', receiver, {
    source: `${served}
      const byNode = () => new Promise((resolve) => http.get(process.env.WORKER, (answer) => {
        let text = ''
        answer.on('data', (chunk) => { text += chunk }).on('end', () => resolve(JSON.parse(text)))
      }))
      serve(async (request, response) => {
        await null
        const byFetch = async () => (await fetch(process.env.WORKER)).json()
        const own = () => fetch(process.env.WORKER, { headers: { traceparent: '00-${'a'.repeat(32)}-${'b'.repeat(16)}-00', tracestate: 'other=1' } })
        const heard = await Promise.all([byNode(), byFetch(), own().then((answer) => answer.json())])
        response.end(JSON.stringify(heard))
      })`,
    env: { WORKER: workerUrl },
  })
  await planner.said('listens')
  const plannerUrl = `http://127.0.0.1:${/listens (\d+)/.exec(planner.output().stdout)![1]}`
  const traceId = 'c'.repeat(32)
  const headers = {
    traceparent: `00-${traceId}-${'d'.repeat(16)}-01`,
    // The member of somebody two agents away must not make it this one's sender.
    tracestate: `vendor=x,perfmon=1:${'e'.repeat(16)}:abc:instance:far`,
  }
  const heard: IncomingHttpHeaders[] = await (await fetch(plannerUrl, { headers })).json()

  const [byNode, byFetch, own] = heard as [IncomingHttpHeaders, IncomingHttpHeaders, IncomingHttpHeaders]
  for (const { traceparent, tracestate } of [byNode, byFetch]) {
    expect(traceparent).toMatch(new RegExp(`^00-${traceId}-d{16}-01$`))
    const spanId = (traceparent as string).split('-')[2]
    expect(tracestate).toMatch(new RegExp(`^perfmon=1:${spanId}:[0-9a-z]+:[\\w-]+:planner,vendor=x$`))
  }
  expect(own['traceparent']).toBe(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`)
  expect(own['tracestate']).toMatch(/^other=1, perfmon=1:b{16}:/)

  const edge = { 'perfmon.message.transport': 'http', 'service.peer.name': 'planner' }
  const ofWorker = await receiver.report(
    (report) => pointValue(report, 'perfmon.message.latency', edge) === 3,
  )
  expect(ofWorker.resource['service.name']).toBe('worker')
  expect(pointValue(ofWorker, 'perfmon.message.received', edge)).toBe(3)
  const latencies = ofWorker.metrics.get('perfmon.message.latency')!.points
  expect(latencies).toHaveLength(1)
  expect(latencies[0]!.sum).toBeGreaterThanOrEqual(0)

  const ofPlanner = await receiver.report((report) => pointValue(report, 'perfmon.message.sent') === 3)
  expect(ofPlanner.resource['service.name']).toBe('planner')
  const finished = await receiver.report(
    (report) =>
      report.resource['service.name'] === 'planner' && report.metrics.has('perfmon.message.fan_out'),
  )
  expect(finished.metrics.get('perfmon.message.fan_out')!.points).toMatchObject([{ value: 1, sum: 3 }])
  // Whoever asked the planner is unknown: no edge.
  expect(finished.metrics.has('perfmon.message.latency')).toBe(false)
  for (const agent of [planner, worker]) {
    agent.process.kill('SIGTERM')
    expect((await agent.ended).stderr).toBe('')
  }
})

const askOutside = `
  import http from 'node:http'
  const port = process.env.LISTENER
  const lookup = (_, { all }, done) => all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)
  const ask = (options) => new Promise((resolve) =>
    http.get({ port, lookup, ...options }, (answer) => answer.resume().on('end', resolve)))
  await ask({ host: 'api.outside.example' })
  await ask({ host: '127.0.0.1', headers: { host: 'api.outside.example' } })
  await ask({ host: '127.0.0.1', path: 'http://api.outside.example/' })`

test('nothing is told to hosts outside, by name, by Host header or through a proxy', async () => {
  const listener = await startListener()
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const env = { LISTENER: String(listener.port) }
  const direct = await startAgent('direct', receiver, { source: askOutside, env })
  expect(await direct.ended).toMatchObject({ code: 0, stderr: '' })
  expect(listener.heard).toHaveLength(3)
  const proxied = await startAgent('proxied', receiver, {
    source: `await (await fetch('http://api.outside.example/')).text()`,
    env: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${listener.port}` },
  })
  expect(await proxied.ended).toMatchObject({ code: 0 })
  // Perhaps one more for its tunnel.
  expect(listener.heard.length).toBeGreaterThanOrEqual(4)
  expect(JSON.stringify(listener.heard)).not.toMatch(/traceparent|tracestate|perfmon/)
})

test('a trace that begins here is sampled as the swarm samples', async () => {
  const listener = await startListener()
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const source = `await (await fetch('http://127.0.0.1:' + process.env.LISTENER)).text()`
  const env = { LISTENER: String(listener.port) }
  const samplers = [{}, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }]
  for (const sampler of samplers) {
    const agent = await startAgent('agent', receiver, { source, env: { ...env, ...sampler } })
    expect((await agent.ended).code).toBe(0)
  }
  expect(listener.heard.map(({ traceparent }) => String(traceparent).slice(-2))).toEqual(['01', '00'])
})

test('PERFMON_PROPAGATE adds hosts, or none', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const told = async (setting: string) => {
    const listener = await startListener()
    const source = `${askOutside.split('await ask({ host')[0]}
      await ask({ host: 'api.outside.example' })
      await ask({ host: '127.0.0.1' })`
    const env = { LISTENER: String(listener.port), PERFMON_PROPAGATE: setting }
    const agent = await startAgent('agent', receiver, { source, env })
    expect((await agent.ended).code).toBe(0)
    return listener.heard.map((headers) => headers['tracestate'] !== undefined)
  }
  expect(await told('.outside.example')).toEqual([true, true])
  expect(await told('*')).toEqual([true, true])
  expect(await told('off')).toEqual([false, false])
})

test('the agent’s own instrumentation of fetch, subscribed later, is not joined by a second traceparent', async () => {
  const listener = await startListener()
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const agent = await startAgent('agent', receiver, {
    source: `
      import { subscribe } from 'node:diagnostics_channel'
      subscribe('undici:request:create', ({ request }) => request.addHeader('traceparent', '00-${'a'.repeat(32)}-${'b'.repeat(16)}-01'))
      for (let time = 0; time < 3; time++) await (await fetch('http://127.0.0.1:' + process.env.LISTENER)).text()`,
    env: { LISTENER: String(listener.port) },
  })
  expect((await agent.ended).code).toBe(0)
  expect(listener.heard.map(({ traceparent }) => traceparent)).toEqual(
    Array(3).fill(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`),
  )
  expect(listener.heard.filter(({ tracestate }) => tracestate !== undefined)).toHaveLength(2)
})

test('headers that Node wrote at once are left alone, and counted', async () => {
  const listener = await startListener()
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const agent = await startAgent('agent', receiver, {
    source: `
      import http from 'node:http'
      await new Promise((resolve) => http.get({ port: process.env.LISTENER, headers: ['a', 'b', 'host', '127.0.0.1'] },
        (answer) => answer.resume().on('end', resolve)))`,
    env: { LISTENER: String(listener.port) },
  })
  expect((await agent.ended).code).toBe(0)
  expect(listener.heard[0]).not.toHaveProperty('traceparent')
  expect(
    pointValue(receiver.reports.at(-1)!, 'perfmon.message.gap', {
      'perfmon.message.gap.reason': 'late_headers',
    }),
  ).toBe(1)
})

import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeCertificates } from '../testing/make-certificates.ts'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { pointValue, type ReceivedReport, type Receiver, startReceiver } from '../testing/start-receiver.ts'

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

const lines = (report: ReceivedReport, name: string) =>
  (report.metrics.get(name)?.points ?? [])
    .map(({ attributes: a, value }) =>
      [
        `h${a['network.protocol.version'] ?? '1.1'}`,
        a['url.scheme'] ?? a['server.address'],
        a['http.request.method'],
        a['http.response.status_code'] ?? '-',
        a['error.type'] ?? 'ok',
        `x${value}`,
      ].join(' '),
    )
    .toSorted()

test('requests served and made over HTTP/2, however they end; trailers, pushes and compatibility as without us', async () => {
  const agent = await runAgent({
    env: env(),
    source: `
import http2 from 'node:http2'
import { once } from 'node:events'
const server = http2.createServer()
server.on('stream', (stream, headers) => {
  const path = headers[':path']
  stream.on('error', () => {})
  if (path === '/rpc') {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7' }))
    stream.end('message')
  } else if (path === '/push') {
    stream.pushStream({ ':path': '/pushed' }, (error, push) => { push.respond({ ':status': 200 }); push.end('pushed') })
    stream.respond({ ':status': 200 })
    stream.end('main')
  } else if (path === '/broken') { stream.respond({ ':status': 500 }, { endStream: true }) }
  else if (path === '/cut') { stream.respond({ ':status': 200 }); stream.write('x'); setTimeout(() => stream.destroy(new Error('cut')), 20) }
  else if (path === '/endless') { stream.respond({ ':status': 200 }); stream.write('x') }
  else if (path !== '/silent') { stream.respond({ ':status': 200 }); stream.end('fine') }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const client = http2.connect('http://127.0.0.1:' + server.address().port)
client.on('stream', (pushed) => pushed.resume())
const ask = (path, { method = 'POST', during = () => {} } = {}) => new Promise((resolve) => {
  const stream = client.request({ ':path': path, ':method': method })
  let said = '', trailers
  stream.setEncoding('utf8')
  stream.on('response', () => during(stream, 'head')).on('data', (text) => { said += text; during(stream, 'data') })
  stream.on('trailers', (headers) => { trailers = headers['grpc-status'] })
  stream.on('error', () => {}).on('close', () => resolve([said, trailers].join(' ')))
  stream.end()
  during(stream, 'asked')
})
console.log(await ask('/rpc'))
console.log(await ask('/fine'))
console.log(await ask('/push'))
await ask('/broken')
await ask('/cut')
await ask('/endless', { during: (stream, when) => { if (when === 'data') stream.close(http2.constants.NGHTTP2_CANCEL) } })
await ask('/silent', { during: (stream, when) => { if (when === 'asked') setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 50) } })
client.close()
server.close()
await once(server, 'close')

const compatible = http2.createServer((request, response) => { response.statusCode = 404; response.end(request.method) })
compatible.listen(0, '127.0.0.1')
await once(compatible, 'listening')
const other = http2.connect('http://127.0.0.1:' + compatible.address().port)
const stream = other.request()
stream.setEncoding('utf8')
stream.on('data', (text) => console.log(text)).on('close', () => { other.close(); compatible.close() })
await once(compatible, 'close')

const nobody = http2.connect('http://127.0.0.1:1')
nobody.on('error', () => {})
await new Promise((resolve) => nobody.request().on('error', () => {}).on('close', resolve))
`,
  })
  const { code, stdout, stderr } = await agent.ended
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'message 7\nfine \nmain \nGET\n', stderr: '' })
  const last = receiver.reports.at(-1)!
  expect(lines(last, 'http.server.request.duration')).toEqual([
    'h2 http GET 404 ok x1',
    'h2 http POST - aborted x1',
    'h2 http POST 200 ok x5',
    'h2 http POST 500 500 x1',
  ])
  expect(lines(last, 'http.client.request.duration')).toEqual([
    'h2 127.0.0.1 GET - ECONNREFUSED x1',
    'h2 127.0.0.1 GET 404 404 x1',
    'h2 127.0.0.1 POST - aborted x1',
    'h2 127.0.0.1 POST 200 ERR_HTTP2_STREAM_ERROR x1',
    'h2 127.0.0.1 POST 200 ok x4',
    'h2 127.0.0.1 POST 500 500 x1',
  ])
  expect(pointValue(last, 'http.server.active_requests')).toBe(0)
  expect(pointValue(last, 'http.client.active_requests')).toBe(0)
})

test('fetch over HTTP/2 is counted once, and what is switched off not at all', async () => {
  const certificates = await makeCertificates()
  const source = `
import http2 from 'node:http2'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
const server = http2.createSecureServer({ key: readFileSync(process.env.KEY), cert: readFileSync(process.env.CERT) },
  (request, response) => response.end(request.httpVersion))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
// The undici within Node, which speaks HTTP/2 when it is asked to.
await fetch('data:,')
const { constructor: Agent } = globalThis[Symbol.for('undici.globalDispatcher.1')]
const dispatcher = new Agent({ allowH2: true })
for (let i = 0; i < 3; i++)
  console.log(await (await fetch('https://localhost:' + server.address().port, { dispatcher })).text())
await dispatcher.close()
server.close()`
  const run = async (more: Record<string, string>) => {
    const agent = await runAgent({
      source,
      env: env({
        KEY: certificates.serverKey,
        CERT: certificates.serverCertificate,
        NODE_EXTRA_CA_CERTS: certificates.authority,
        ...more,
      }),
    })
    expect(await agent.ended).toMatchObject({ code: 0, stdout: '2.0\n2.0\n2.0\n', stderr: '' })
    return receiver.reports.at(-1)!
  }
  const report = await run({})
  expect(lines(report, 'http.client.request.duration')).toEqual(['h1.1 localhost GET 200 ok x3'])
  expect(lines(report, 'http.server.request.duration')).toEqual(['h2 https GET 200 ok x3'])
  expect(pointValue(report, 'http.client.active_requests')).toBe(0)

  const off = await run({ PERFMON_DISABLED_SOURCES: 'http.server.http2' })
  expect(off.metrics.has('http.server.request.duration')).toBe(false)
  await certificates.remove()
})

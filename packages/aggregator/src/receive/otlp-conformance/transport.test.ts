import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { request as startTlsRequest } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { double, fixed, nested, text } from '../../../../core/src/receive/fixtures/protobuf-writer.ts'
import { gauges, json, nowMs, protobuf, type Receiver, startReceiver, statusOf } from './start-receiver.ts'

// The transport part of the OTLP conformance list: opentelemetry-proto 1.11, docs/specification.md, and what its
// exporters are known to do. Each test is named after its point.

let receiver: Receiver
const others: Receiver[] = []
const started = async (options: Parameters<typeof startReceiver>[0]) => {
  const other = await startReceiver(options)
  others.push(other)
  return other
}
beforeAll(async () => {
  receiver = await startReceiver({ maxBodyBytes: 200_000 })
})
afterAll(async () => {
  for (const one of [receiver, ...others]) await one.stop()
})

const protobufGauge = (agentId: string, value: number) =>
  Buffer.from(
    nested(
      1,
      nested(1, nested(1, text(1, 'service.instance.id'), nested(2, text(1, agentId)))),
      nested(
        2,
        nested(2, text(1, 'g'), nested(5, nested(1, fixed(3, BigInt(nowMs) * 1_000_000n), double(4, value)))),
      ),
    ),
  )

test('1 POST of JSON is answered 200 {} in JSON', async () => {
  const { status, headers, body } = await receiver.send({ body: gauges('t1', 7) })
  expect([status, headers['content-type'], String(body)]).toEqual([200, 'application/json', '{}'])
  expect(await receiver.samples('t1', 'g')).toEqual([[0, 7]])
})

test('2 POST of protobuf is answered 200 with an empty message in protobuf', async () => {
  const answer = await receiver.send({ headers: protobuf, body: protobufGauge('t2', 7) })
  expect([answer.status, answer.headers['content-type'], answer.body.length]).toEqual([
    200,
    'application/x-protobuf',
    0,
  ])
  expect(await receiver.samples('t2', 'g')).toEqual([[0, 7]])
})

test('3 a charset behind the content type is accepted', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  expect((await receiver.send({ headers, body: gauges('t3', 1) })).status).toBe(200)
})

test.each([[{}], [{ 'content-type': 'text/plain' }], [{ 'content-type': 'application/grpc' }]])(
  '4 a missing or other content type is 415: %j',
  async (headers) => {
    expect((await receiver.send({ headers })).status).toBe(415)
  },
)

test.each(['GET', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'])(
  '5 %s is 405 and names what is allowed',
  async (method) => {
    const { status, headers, body } = await receiver.send({ method, body: '' })
    expect([status, headers.allow]).toEqual([405, 'POST'])
    expect(body.length > 0).toBe(method !== 'HEAD')
  },
)

test('6 an unknown path is 404', async () => {
  for (const path of ['/', '/v1', '/v1/metric', '/v1/metrics/more', '/constructor'])
    expect((await receiver.send({ path })).status).toBe(404)
})

test('7 a chunked body without Content-Length is read', async () => {
  const body = [...JSON.stringify(gauges('t7', 5))].map((character) => Buffer.from(character))
  expect((await receiver.send({ body })).status).toBe(200)
  expect(await receiver.samples('t7', 'g')).toEqual([[0, 5]])
})

test('8 Expect: 100-continue is answered, and not for what will be refused', async () => {
  const body = JSON.stringify(gauges('t8', 5))
  const headers = { ...json, expect: '100-continue', 'content-length': String(body.length) }
  expect((await receiver.send({ headers, body })).status).toBe(200)
  expect((await receiver.send({ headers: { ...headers, 'content-length': '200001' }, body })).status).toBe(
    413,
  )
})

test('9 gzip is accepted', async () => {
  const headers = { ...json, 'content-encoding': 'gzip' }
  const body = gzipSync(JSON.stringify(gauges('t9', 5)))
  expect((await receiver.send({ headers, body })).status).toBe(200)
  expect(await receiver.samples('t9', 'g')).toEqual([[0, 5]])
})

test('10 zstd and deflate are accepted, what is not known is 415, never 200 with loss', async () => {
  for (const [coding, compress] of [
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
  ] as const) {
    const headers = { ...json, 'content-encoding': coding }
    const body = compress(JSON.stringify(gauges(`t10-${coding}`, 5)))
    expect((await receiver.send({ headers, body })).status).toBe(200)
    expect(await receiver.samples(`t10-${coding}`, 'g')).toEqual([[0, 5]])
  }
  for (const coding of ['br', 'snappy', 'lz4', 'gzip, gzip'])
    expect((await receiver.send({ headers: { ...json, 'content-encoding': coding } })).status).toBe(415)
})

test('11 damaged gzip is 400 with a Status', async () => {
  const answer = await receiver.send({ headers: { ...json, 'content-encoding': 'gzip' }, body: 'no gzip' })
  expect([answer.status, statusOf(answer).code]).toEqual([400, 3])
})

test('12 a gzip bomb is 413 and takes no more memory than the limit', async () => {
  const body = gzipSync(Buffer.alloc(50_000_000))
  const before = process.memoryUsage().rss
  const answer = await receiver.send({ headers: { ...json, 'content-encoding': 'gzip' }, body })
  expect([answer.status, statusOf(answer).code]).toEqual([413, 8])
  expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000)
  expect(receiver.server.stats().bytesInFlight).toBe(0)
})

test('13 a body over the limit is 413, with Content-Length and without', async () => {
  const body = Buffer.alloc(200_001, 0x20)
  expect((await receiver.send({ body })).status).toBe(413)
  const chunks = Array.from({ length: 8 }, () => body.subarray(0, 30_000))
  expect((await receiver.send({ body: chunks })).status).toBe(413)
})

test('14 a hundred requests go over one connection', async () => {
  const before = receiver.server.stats().openConnections
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let round = 0; round < 100; round++)
    expect((await receiver.send({ agent, body: gauges('t14', round) })).status).toBe(200)
  expect(receiver.server.stats().openConnections - before).toBeLessThanOrEqual(1)
  agent.destroy()
})

test('15 thirty requests at once are all taken', async () => {
  const body = (index: number) => gauges(`t15-${index}`, index)
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => receiver.send({ body: body(index) })),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200))
  for (let index = 0; index < 30; index++)
    expect(await receiver.samples(`t15-${index}`, 'g')).toEqual([[0, index]])
})

test.each([
  ['headers', 'POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\n'],
  [
    'body',
    'POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ],
])('16 who is slow with the %s hears 408 and is cut off', async (_, head) => {
  const { port } = await started({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
  const socket = connect(port, '127.0.0.1')
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  socket.write(head)
  await once(socket, 'close')
  expect(Buffer.concat(parts).toString()).toMatch(/^HTTP\/1\.1 408 /)
})

test('17 who hangs up in mid-body leaves nothing behind', async () => {
  const { abandonedRequests } = receiver.server.stats()
  const socket = connect(receiver.port, '127.0.0.1')
  const body = JSON.stringify(gauges('t17', 1))
  socket.write(
    `POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n${body}`,
  )
  while (receiver.server.stats().bytesInFlight === 0) await new Promise(setImmediate)
  socket.destroy()
  while (receiver.server.stats().abandonedRequests === abandonedRequests) await new Promise(setImmediate)
  expect(await receiver.samples('t17', 'g')).toBeNull()
})

test('18 whoever accepts gzip can read the answer', async () => {
  const headers = { ...json, 'accept-encoding': 'gzip' }
  const answer = await receiver.send({ headers, body: gauges('t18', 1) })
  expect([answer.headers['content-encoding'], String(answer.body)]).toEqual([undefined, '{}'])
})

test('19 a slash behind the path is no other path, and a prefix can be set', async () => {
  expect((await receiver.send({ path: '/v1/metrics/' })).status).toBe(200)
  const prefixed = await started({ pathPrefix: '/otlp/' })
  expect((await prefixed.send({ path: '/otlp/v1/metrics' })).status).toBe(200)
  expect((await prefixed.send({ path: '/v1/metrics' })).status).toBe(404)
})

test('20 a missing token is 401 with a Status, and no reason to try again', async () => {
  const { send } = await started({ token: 'secret-1' })
  const answer = await send()
  expect([answer.status, statusOf(answer).code, answer.headers['retry-after']]).toEqual([401, 16, undefined])
  expect((await send({ headers: { ...json, authorization: 'Bearer secret-1' } })).status).toBe(200)
})

test('20 TLS, and mutual TLS where a client CA is given', async ({ skip }) => {
  const dir = await mkdtemp(join(tmpdir(), 'perfmon-tls-'))
  const run = promisify(execFile)
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem'), ...subject],
  ]).then(
    () => true,
    () => false,
  )
  if (!made) return skip('there is no openssl here to make a certificate with')
  const key = await readFile(join(dir, 'key.pem'), 'utf8')
  const cert = await readFile(join(dir, 'cert.pem'), 'utf8')
  await rm(dir, { recursive: true })
  const post = (port: number, own: object) =>
    new Promise<number | string>((resolve) => {
      const options = {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/metrics',
        ca: cert,
        headers: json,
      }
      const request = startTlsRequest({ ...options, ...own }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      request.end('{}')
    })
  const plain = await started({ tls: { cert, key } })
  expect(plain.server.address.url).toMatch(/^https:/)
  expect(await post(plain.port, {})).toBe(200)
  const mutual = await started({ tls: { cert, key, clientCa: cert } })
  expect(await post(mutual.port, { cert, key })).toBe(200)
  expect(await post(mutual.port, {})).not.toBe(200)
})

test('20 a page of another origin is 403, unless its origin is allowed', async () => {
  const origin = 'https://app.example'
  const asked = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  expect((await receiver.send({ headers: { ...json, origin } })).status).toBe(403)
  expect((await receiver.send({ method: 'OPTIONS', headers: asked, body: '' })).status).toBe(403)
  const open = await started({ corsOrigins: [origin], token: 'secret-1' })
  const preflight = await open.send({ method: 'OPTIONS', headers: asked, body: '' })
  expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, origin])
  const sent = await open.send({ headers: { ...json, origin, authorization: 'Bearer secret-1' } })
  expect([sent.status, sent.headers['access-control-allow-origin']]).toEqual([200, origin])
  expect((await open.send({ headers: { ...json, origin: 'https://evil.example' } })).status).toBe(403)
})

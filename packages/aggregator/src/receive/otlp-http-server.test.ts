import { once } from 'node:events'
import { Agent, type IncomingHttpHeaders, request as startRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { MetricSink } from '@perfmon/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type OtlpServer, type OtlpServerOptions, startOtlpServer } from './otlp-http-server.ts'
import type { OtlpIngest } from './otlp-ingest.ts'

const json = { 'content-type': 'application/json' }
const protobuf = { 'content-type': 'application/x-protobuf' }
const metricOf = (...values: unknown[]) =>
  JSON.stringify({
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: 'm', gauge: { dataPoints: values.map((asInt) => ({ asInt })) } }] },
        ],
      },
    ],
  })
const aMetric = metricOf(7)
/** The same as {@link aMetric}: m is a gauge with one point, 7. */
const aMetricInProtobuf = Buffer.from([
  ...[
    0x0a, 0x14, 0x12, 0x12, 0x12, 0x10, 0x0a, 0x01, 0x6d, 0x2a, 0x0b, 0x0a, 0x09, 0x31, 7, 0, 0, 0, 0, 0, 0,
    0,
  ],
])

/** An ingest that keeps what it hears only when all of a request was heard, as the real one does. */
function createFakeIngest(beforeKeeping: () => Promise<void> = async () => {}) {
  const kept: number[] = []
  const ingest: OtlpIngest = {
    async acceptRecords(_, decode) {
      let rejectedPoints = 0
      decode({ resource: () => {}, record: () => (rejectedPoints += 1) })
      return rejectedPoints > 0 ? { rejectedPoints, message: 'of no kind that is known' } : { rejectedPoints }
    },
    async accept(decode) {
      const values: number[] = []
      let rejectedPoints = 0
      const nothing = () => {}
      const sink: MetricSink = {
        resource: nothing,
        metric: nothing,
        number: (_, value) => values.push(value),
        histogram: nothing,
        exponentialHistogram: nothing,
        summary: nothing,
        refused: (_, points) => {
          rejectedPoints += points
        },
      }
      const walk = decode(sink)
      while (walk !== undefined && walk.next().done !== true);
      await beforeKeeping()
      kept.push(...values)
      return { rejectedPoints, ...(rejectedPoints > 0 && { message: 'without a value' }) }
    },
  }
  return { kept, ingest }
}

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

interface Story {
  readonly server: OtlpServer
  readonly kept: number[]
  readonly warnings: string[]
  send(options?: Sending): Promise<Answer>
  openSocket(): Promise<Socket>
}

interface Sending {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer | readonly Buffer[]
  readonly agent?: Agent
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

async function start(
  options: Partial<OtlpServerOptions> & { beforeKeeping?: () => Promise<void> } = {},
): Promise<Story> {
  const { beforeKeeping, ...rest } = options
  const { kept, ingest } = createFakeIngest(beforeKeeping)
  const warnings: string[] = []
  const logger = {
    warn: (fields: object, message: string) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  }
  const server = await startOtlpServer({ host: '127.0.0.1', port: 0, ingest, logger, ...rest })
  opened.push(server)
  const { port } = server.address
  return {
    server,
    kept,
    warnings,
    send: (sending = {}) => send(port, sending),
    async openSocket() {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      opened.push({ close: () => socket.destroy() })
      await once(socket, 'connect')
      return socket
    },
  }
}

/** Several buffers are sent in chunks without a Content-Length, as OpenTelemetry for JavaScript always does. */
function send(
  port: number,
  { method = 'POST', path = '/v1/metrics', headers = json, body = aMetric, agent }: Sending,
) {
  const isChunked = Array.isArray(body)
  const chunks = isChunked ? body : [Buffer.from(body as string)]
  const lengths = isChunked ? {} : { 'content-length': String(chunks[0]!.length) }
  return new Promise<Answer>((resolve, reject) => {
    const request = startRequest({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { ...lengths, ...headers },
      agent,
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    if (request.getHeader('expect') !== undefined) {
      request.on('continue', () => request.end(chunks[0]))
      request.flushHeaders()
      return
    }
    for (const chunk of chunks) request.write(chunk)
    request.end()
  })
}

const statusOf = ({ body }: Answer): { code: number; message: string; details?: unknown } =>
  JSON.parse(body.toString())

async function everythingFrom(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  await once(socket, 'close')
  return Buffer.concat(parts).toString()
}

describe('a metrics request', () => {
  it('in JSON is answered in JSON', async () => {
    const { send, kept } = await start()
    const { status, headers, body } = await send({
      headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    })
    expect([status, headers['content-type'], body.toString()]).toEqual([200, 'application/json', '{}'])
    expect(kept).toEqual([7])
  })

  it('in protobuf is answered in protobuf, and so is an empty one', async () => {
    const { send, kept } = await start()
    for (const body of [aMetricInProtobuf, Buffer.alloc(0)]) {
      const answer = await send({ headers: protobuf, body })
      expect([answer.status, answer.headers['content-type'], answer.body.length]).toEqual([
        200,
        'application/x-protobuf',
        0,
      ])
    }
    expect(kept).toEqual([7])
  })

  it('may come in chunks, with a slash behind its path, and with a query', async () => {
    const { send, kept } = await start()
    const body = [...aMetric].map((character) => Buffer.from(character))
    expect((await send({ body, path: '/v1/metrics/?a=b' })).status).toBe(200)
    expect(kept).toEqual([7])
  })

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
    ['GZIP', gzipSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('may be compressed with %s, small or large', async (coding, compress) => {
    const { send, kept } = await start()
    const headers = { ...json, 'content-encoding': coding }
    expect((await send({ headers, body: compress(aMetric) })).status).toBe(200)
    // Digits without a pattern, so that it stays large and takes the way of large ones.
    const values = Array.from({ length: 40_000 }, (_, index) => (index * 2654435761) % 4294967291)
    const large = compress(metricOf(...values))
    expect(large.length).toBeGreaterThan(64 * 1024)
    expect((await send({ headers, body: large })).status).toBe(200)
    expect(kept.length).toBe(40_001)
  })

  it('is heard a hundred times on one connection, and thirty times at once', async () => {
    const { send, kept, server } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    opened.push({ close: () => agent.destroy() })
    for (let round = 0; round < 100; round++) expect((await send({ agent })).status).toBe(200)
    expect(server.stats().openConnections).toBe(1)
    const answers = await Promise.all(Array.from({ length: 30 }, () => send()))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(kept).toHaveLength(130)
  })

  it('waits for 100 Continue, which is not given for what will be refused anyway', async () => {
    const { send, kept } = await start({ maxBodyBytes: 1000 })
    const headers = { ...json, expect: '100-continue', 'content-length': String(aMetric.length) }
    expect((await send({ headers })).status).toBe(200)
    expect((await send({ headers: { ...headers, 'content-length': '1001' } })).status).toBe(413)
    expect(kept).toEqual([7])
  })

  it('of which a point cannot be used is a partial success', async () => {
    const { send, kept, server } = await start()
    const { status, body } = await send({ body: metricOf(1, undefined, 3) })
    expect([status, JSON.parse(body.toString())]).toEqual([
      200,
      { partialSuccess: { rejectedDataPoints: '1', errorMessage: 'without a value' } },
    ])
    expect(kept).toEqual([1, 3])
    expect(server.stats()).toMatchObject({ acceptedRequests: 1, rejectedPoints: 1 })
  })
})

describe('traces and logs', () => {
  it('are answered as metrics are, with what was left out in their own words', async () => {
    const { send, kept } = await start({ maxBodyBytes: 1000 })
    const answer = await send({ path: '/v1/traces', body: '{"resourceSpans":[]}' })
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}'])
    const partial = await send({
      path: '/v1/traces',
      body: '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /"}]}]}]}',
    })
    expect([partial.status, JSON.parse(partial.body.toString())]).toEqual([
      200,
      { partialSuccess: { rejectedSpans: '1', errorMessage: 'of no kind that is known' } },
    ])
    const inProtobuf = await send({ path: '/v1/logs', headers: protobuf, body: Buffer.alloc(0) })
    expect([inProtobuf.status, inProtobuf.headers['content-type']]).toEqual([200, 'application/x-protobuf'])
    expect((await send({ path: '/v1/logs', body: '{"resourceLogs":[' })).status).toBe(400)
    expect((await send({ path: '/v1/logs', headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    expect((await send({ path: '/v1/logs', body: [Buffer.alloc(1001)] })).status).toBe(413)
    expect(kept).toEqual([])
  })
})

describe('what is refused', () => {
  it.each<[string, Sending, number]>([
    ['another path', { path: '/metrics' }, 404],
    ['a path out of the prototype', { path: '/constructor' }, 404],
    ['GET', { method: 'GET', body: '' }, 405],
    ['PUT', { method: 'PUT' }, 405],
    ['OPTIONS', { method: 'OPTIONS', body: '' }, 405],
    ['no type', { headers: {} }, 415],
    ['another type', { headers: { 'content-type': 'text/plain' } }, 415],
    ['gRPC', { headers: { 'content-type': 'application/grpc+proto' } }, 415],
    ['another encoding', { headers: { ...json, 'content-encoding': 'br' } }, 415],
    ['two encodings', { headers: { ...json, 'content-encoding': 'gzip, gzip' } }, 415],
    ['an encoding out of the prototype', { headers: { ...json, 'content-encoding': 'constructor' } }, 415],
    ['damaged gzip', { headers: { ...json, 'content-encoding': 'gzip' }, body: 'no gzip' }, 400],
    [
      'gzip cut off',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(aMetric).subarray(0, -9) },
      400,
    ],
    [
      'zstd cut off',
      { headers: { ...json, 'content-encoding': 'zstd' }, body: zstdCompressSync(aMetric).subarray(0, -3) },
      400,
    ],
    [
      'damaged deflate',
      { headers: { ...json, 'content-encoding': 'deflate' }, body: Buffer.alloc(70_000, 1) },
      400,
    ],
    ['broken JSON', { body: '{"resourceMetrics":[' }, 400],
    ['an empty body in JSON', { body: '' }, 400],
    ['a browser', { headers: { ...json, origin: 'https://example.com' } }, 403],
    ['a name that was bound to loopback', { headers: { ...json, host: 'evil.example' } }, 403],
    ['a name that begins like ours', { headers: { ...json, host: 'localhost.evil.example:4318' } }, 403],
  ])('%s', async (_, sending, status) => {
    const { send, kept, server } = await start()
    const answer = await send(sending)
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json'])
    expect(statusOf(answer)).toMatchObject({
      code: expect.any(Number),
      message: expect.stringMatching(/\.$/),
    })
    expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined)
    expect(kept).toEqual([])
    expect(server.stats().refusedRequests).toEqual({ [status]: 1 })
  })

  it('is told in protobuf to who sends protobuf', async () => {
    const { send } = await start()
    const { status, headers, body } = await send({
      headers: protobuf,
      body: aMetricInProtobuf.subarray(0, -1),
    })
    expect([status, headers['content-type'], body[0], body[1]]).toEqual([
      400,
      'application/x-protobuf',
      0x08,
      3,
    ])
    expect(body.toString()).toContain('type.googleapis.com/google.rpc.BadRequest')
  })

  it('is told with the path of the mistake', async () => {
    const { send } = await start()
    expect(statusOf(await send({ body: metricOf('x') })).message).toContain('dataPoints[0].asInt must be')
  })

  it.each(['localhost:4318', '127.0.0.1', '[::1]:80', 'LOCALHOST'])('but not the host %s', async (host) => {
    const { send } = await start()
    expect((await send({ headers: { ...json, host } })).status).toBe(200)
  })

  it('on all networks is no host name', async () => {
    const { send } = await start({ host: '0.0.0.0' })
    expect((await send({ headers: { ...json, host: 'perfmon.example' } })).status).toBe(200)
  })

  it('where there is a token is who does not have it', async () => {
    const { send, kept } = await start({ token: 'söcret' })
    for (const authorization of [undefined, 'Bearer', 'Bearer wrong', 'Basic abc', 'Bearer s']) {
      const answer = await send({ headers: { ...json, ...(authorization && { authorization }) } })
      expect([answer.status, answer.headers['www-authenticate'], statusOf(answer).code]).toEqual([
        401,
        'Bearer',
        16,
      ])
    }
    expect(kept).toEqual([])
  })

  it('where there is a token is not who has it', async () => {
    const { send } = await start({ token: 'secret-1' })
    expect((await send({ headers: { ...json, authorization: 'Bearer secret-1' } })).status).toBe(200)
    expect((await send({ headers: { ...json, authorization: 'bearer secret-1' } })).status).toBe(200)
  })

  it('is logged once, not once per request', async () => {
    const { send, warnings } = await start()
    for (let round = 0; round < 5; round++) await send({ path: '/nowhere' })
    expect(warnings).toHaveLength(1)
  })
})

describe('limits', () => {
  const maxBodyBytes = 200_000
  const tooLarge = Buffer.alloc(maxBodyBytes + 1, 0x20)

  it.each<[string, Sending]>([
    ['with a Content-Length', { body: tooLarge }],
    ['in chunks', { body: Array.from({ length: 9 }, () => tooLarge.subarray(0, 30_000)) }],
    ['much larger', { body: Buffer.alloc(maxBodyBytes * 50) }],
    [
      'as a small bomb',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(10_000_000)) },
    ],
    [
      'as a small bomb of zstd',
      { headers: { ...json, 'content-encoding': 'zstd' }, body: zstdCompressSync(Buffer.alloc(10_000_000)) },
    ],
    [
      'as a large bomb',
      { headers: { ...json, 'content-encoding': 'deflate' }, body: deflateSync(Buffer.alloc(150_000_000)) },
    ],
  ])('a body that is too large %s is 413', async (_, sending) => {
    const { send, server, kept } = await start({ maxBodyBytes })
    const answer = await send(sending)
    expect([answer.status, statusOf(answer).code]).toEqual([413, 8])
    expect(server.stats().bytesInFlight).toBe(0)
    expect(kept).toEqual([])
    expect((await send()).status).toBe(200)
  })

  it('a zstd frame may not ask for a window of more than 8 MiB', async () => {
    const { send } = await start()
    const { constants } = await import('node:zlib')
    const body = zstdCompressSync(Buffer.from(aMetric.padEnd(40_000_000)), {
      params: { [constants.ZSTD_c_windowLog]: 26 },
    })
    expect((await send({ headers: { ...json, 'content-encoding': 'zstd' }, body })).status).toBe(400)
  })

  it('more bytes at once than there is memory for are 429, to be sent again; 503 to Python, which gives up at 429', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { send, server } = await start({ maxConcurrentBytes: 1000, beforeKeeping: () => released })
    const first = send({ body: aMetric.padEnd(900) })
    while (server.stats().bytesInFlight < 900) await new Promise(setImmediate)
    const second = await send({ body: aMetric.padEnd(900) })
    expect([second.status, second.headers['retry-after'], statusOf(second).code]).toEqual([429, '1', 8])
    const fromPython = await send({
      headers: { ...json, 'user-agent': 'OTel-OTLP-Exporter-Python/1.44.0' },
      body: aMetric.padEnd(900),
    })
    expect([fromPython.status, fromPython.headers['retry-after']]).toEqual([503, '1'])
    const inflated = await send({
      headers: { ...json, 'content-encoding': 'gzip' },
      body: gzipSync(aMetric.padEnd(900)),
    })
    expect(inflated.status).toBe(429)
    release()
    expect((await first).status).toBe(200)
    expect((await send({ body: aMetric.padEnd(900) })).status).toBe(200)
    expect(server.stats().bytesInFlight).toBe(0)
  })

  it('more connections than allowed are dropped and counted', async () => {
    const { openSocket, send, server } = await start({ maxConnections: 1 })
    const first = await openSocket()
    const second = await openSocket()
    if (!second.destroyed) await once(second, 'close')
    expect(server.stats().droppedConnections).toBe(1)
    first.destroy()
    while (server.stats().openConnections > 0) await new Promise(setImmediate)
    expect((await send()).status).toBe(200)
  })
})

describe('storing', () => {
  it('that is overloaded is 429 with a wait that exporters can follow', async () => {
    const overload = { code: 'overloaded', retryAfterSeconds: 60 }
    const { send, warnings } = await start({ beforeKeeping: () => Promise.reject(overload) })
    const answer = await send()
    expect([answer.status, answer.headers['retry-after'], statusOf(answer).code]).toEqual([429, '5', 8])
    expect(warnings[0]).toContain('refused')
  })

  it('that fails is 503 and never 500, logged with its cause, which the sender does not hear', async () => {
    const { send, warnings } = await start({
      beforeKeeping: () => Promise.reject(new Error('disk /secret is full')),
    })
    const answer = await send()
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    expect(answer.body.toString()).not.toContain('secret')
    expect(warnings[0]).toContain('could not be stored')
  })
})

describe('senders that stop, stall or speak something else', () => {
  const head = 'POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

  it('who hangs up in the middle leaves nothing', async () => {
    const { openSocket, server, kept, send } = await start()
    const socket = await openSocket()
    socket.write(`${head}Content-Length: 10000\r\n\r\n${aMetric}`)
    while (server.stats().bytesInFlight === 0) await new Promise(setImmediate)
    socket.destroy()
    while (server.stats().abandonedRequests === 0) await new Promise(setImmediate)
    expect(server.stats()).toMatchObject({ bytesInFlight: 0, acceptedRequests: 0, refusedRequests: {} })
    expect(kept).toEqual([])
    expect((await send()).status).toBe(200)
  })

  it.each([
    ['headers', head],
    ['body', `${head}Content-Length: 10000\r\n\r\n{`],
  ])('who does not finish the %s hears 408', async (_, text) => {
    const { openSocket, server } = await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
    const socket = await openSocket()
    const answer = everythingFrom(socket)
    socket.write(text)
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\n\r\n\{"code":4,"message":/)
    expect(server.stats()).toMatchObject({ bytesInFlight: 0, refusedRequests: { 408: 1 } })
  })

  it.each([
    ['gRPC', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'],
    ['nonsense', 'hello\r\n\r\n', 400, 'not HTTP'],
    ['no Host', 'POST /v1/metrics HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', 400, 'Host'],
    ['endless headers', `${head}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers'],
  ])('who speaks %s hears what is wrong', async (_, text, status, hint) => {
    const { openSocket } = await start()
    const socket = await openSocket()
    const answer = everythingFrom(socket)
    socket.write(text)
    const heard = await answer
    expect(heard).toContain(`HTTP/1.1 ${status} `)
    expect(heard).toContain(hint)
  })
})

describe('closing', () => {
  it('lets a request under way finish, and takes no other', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { send, server, kept, openSocket } = await start({ beforeKeeping: () => released })
    const agent = new Agent({ keepAlive: true })
    opened.push({ close: () => agent.destroy() })
    await openSocket()
    const underWay = send({ agent })
    while (server.stats().bytesInFlight === 0) await new Promise(setImmediate)
    const closed = server.close()
    await expect(send()).rejects.toThrow('ECONNREFUSED')
    release()
    const { status, headers } = await underWay
    expect([status, headers.connection]).toEqual([200, 'close'])
    await closed
    expect(kept).toEqual([7])
    expect(server.close()).toBe(closed)
  })

  it('does not wait for ever', async () => {
    const { openSocket, server } = await start({ closeTimeoutMs: 50 })
    const socket = await openSocket()
    socket.write(
      'POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    while (server.stats().bytesInFlight === 0) await new Promise(setImmediate)
    await server.close()
  })
})

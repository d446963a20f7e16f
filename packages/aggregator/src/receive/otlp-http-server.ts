import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import {
  decodeOtlpLogsJson,
  decodeOtlpLogsProtobuf,
  decodeOtlpMetricsJson,
  decodeOtlpTracesJson,
  decodeOtlpTracesProtobuf,
  encodeOtlpSuccess,
  type OtlpEncoding,
  type OtlpSignal,
  walkOtlpMetricsProtobuf,
} from '@perfmon/core'
import { type ListenAddress, listen } from '../system/listen.ts'
import { answer, answerRaw, answerRefusal } from './otlp-answer.ts'
import { createByteBudget } from './otlp-byte-budget.ts'
import { refusalOfSocketError } from './otlp-client-error.ts'
import { answerPreflight, isPreflight } from './otlp-cors.ts'
import { codecOf, decompress } from './otlp-decompress.ts'
import { isOtlpOverload, type OtlpIngest } from './otlp-ingest.ts'
import { readBody, refuseAnnouncedSize, SenderGone } from './otlp-read-body.ts'
import { forSender, OtlpRefusal, refusalOf } from './otlp-refusal.ts'
import { createRequestGuard } from './otlp-request-guard.ts'
import { demandEncoding, route } from './otlp-route.ts'
import { createSeldomLog, type OtlpLogger } from './otlp-seldom-log.ts'

const mebibyte = 1024 * 1024

const recordDecoders = {
  logs: { json: decodeOtlpLogsJson, protobuf: decodeOtlpLogsProtobuf },
  traces: { json: decodeOtlpTracesJson, protobuf: decodeOtlpTracesProtobuf },
} as const

export interface OtlpServerOptions {
  readonly host: string
  /** 4318 by convention; 0 takes a free one. */
  readonly port: number
  readonly ingest: OtlpIngest
  readonly logger: OtlpLogger
  /** When set, every request must bring it: `Authorization: Bearer TOKEN`. */
  readonly token?: string | undefined
  /** Put before `/v1/metrics` and the others, as in `/otlp`; for servers behind a proxy that hands on whole paths. */
  readonly pathPrefix?: string
  /** Origins of pages that may send, as in `https://app.example`. Default none: exporters are no browsers. */
  readonly corsOrigins?: readonly string[]
  /** PEM texts. With `clientCa`, who brings no certificate of its own signed by it is refused (mutual TLS). */
  readonly tls?: OtlpTls | undefined
  /** Of one body, after decompression. 64 MiB is what the OTLP specification recommends. */
  readonly maxBodyBytes?: number
  /** Of all bodies that are being read, decoded or stored; above it senders hear 503 and try again. */
  readonly maxConcurrentBytes?: number
  /** Further ones are dropped as they come, and counted. */
  readonly maxConnections?: number
  readonly headersTimeoutMs?: number
  /** For a whole request, headers and body. */
  readonly requestTimeoutMs?: number
  /** How long closing waits for requests that are under way. */
  readonly closeTimeoutMs?: number
  readonly nowMs?: () => number
}

export interface OtlpTls {
  readonly cert: string
  readonly key: string
  readonly clientCa?: string | undefined
}

export interface OtlpServerStats {
  readonly openConnections: number
  /** Above `maxConnections`. */
  readonly droppedConnections: number
  readonly requests: number
  /** Metrics requests answered with 200. */
  readonly acceptedRequests: number
  /** Points of accepted requests that could not be used. */
  readonly rejectedPoints: number
  /** The sender hung up before its body was complete. */
  readonly abandonedRequests: number
  /** Bodies as they came, compressed or not. */
  readonly receivedBytes: number
  readonly bytesInFlight: number
  /** By HTTP status. */
  readonly refusedRequests: Readonly<Record<string, number>>
}

export interface OtlpServer {
  readonly address: ListenAddress
  /** Stops listening, lets requests under way finish, and cuts what is left after `closeTimeoutMs`. */
  close(): Promise<void>
  stats(): OtlpServerStats
}

/**
 * OTLP over HTTP/1.1, protobuf and JSON (opentelemetry-proto 1.11, docs/specification.md). A request is
 * acknowledged when `ingest` says that it is durable. Rejects with ListenError when it cannot listen.
 *
 * Plain node:http and no framework: one route is hot, and it is hot with every agent of the swarm.
 */
export async function startOtlpServer(options: OtlpServerOptions): Promise<OtlpServer> {
  const { host, port, ingest, logger, token } = options
  const maxBodyBytes = options.maxBodyBytes ?? 64 * mebibyte
  const closeTimeoutMs = options.closeTimeoutMs ?? 5_000
  const headersTimeout = options.headersTimeoutMs ?? 10_000
  const requestTimeout = options.requestTimeoutMs ?? 60_000
  const budget = createByteBudget(options.maxConcurrentBytes ?? 256 * mebibyte)
  const corsOrigins = new Set(options.corsOrigins)
  const guard = createRequestGuard({ host, token, corsOrigins })
  const pathPrefix = `/${options.pathPrefix ?? ''}`.replaceAll(/\/+/g, '/').replace(/\/$/, '')
  const warnSeldom = createSeldomLog(logger, options.nowMs ?? Date.now)
  const refusedRequests: Record<string, number> = {}
  const answering = new WeakMap<Duplex, ServerResponse>()
  // server.close() leaves open what has connected and not yet sent anything.
  const idle = new Set<Duplex>()
  let droppedConnections = 0
  let requests = 0
  let acceptedRequests = 0
  let rejectedPoints = 0
  let abandonedRequests = 0
  let receivedBytes = 0
  let openConnections = 0
  let closing: Promise<void> | undefined

  async function handle(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) {
    const { socket } = request
    requests += 1
    answering.set(socket, response)
    idle.delete(socket)
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket)
    })
    // A socket that breaks while it is answered ends in 'close'; without a listener it would end the process.
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      guard(request)
      if (isPreflight(request)) return answerPreflight(request, response)
      const signal = route(request, pathPrefix)
      const encoding = demandEncoding(request)
      const codec = codecOf(request.headers['content-encoding'])
      refuseAnnouncedSize(request, maxBodyBytes)
      if (awaitsContinue) response.writeContinue()
      await take(request, response, signal, encoding, codec)
    } catch (error) {
      refuse(request, response, error)
    }
  }

  async function take(
    request: IncomingMessage,
    response: ServerResponse,
    signal: OtlpSignal,
    encoding: OtlpEncoding,
    codec: ReturnType<typeof codecOf>,
  ) {
    const lease = budget.lease()
    try {
      const body = await readBody(request, { maxBodyBytes, lease })
      receivedBytes += body.length
      const bytes = codec ? await decompress(body, codec, { maxBodyBytes, lease, left: budget.left }) : body
      if (signal === 'metrics') {
        const outcome = await ingest.accept((sink) => {
          if (encoding === 'protobuf') return walkOtlpMetricsProtobuf(bytes, sink)
          return decodeOtlpMetricsJson(bytes.toString('utf8'), sink)
        })
        acceptedRequests += 1
        rejectedPoints += outcome.rejectedPoints
        succeed(request, response, encoding, outcome, signal)
        return
      }
      const { json, protobuf } = recordDecoders[signal]
      const outcome = await ingest.acceptRecords(signal, (sink) =>
        encoding === 'protobuf' ? protobuf(bytes, sink) : json(bytes.toString('utf8'), sink),
      )
      succeed(request, response, encoding, outcome, signal)
    } finally {
      lease.end()
    }
  }

  function succeed(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    outcome: { rejectedPoints: number; message?: string },
    signal: OtlpSignal,
  ) {
    const body = encodeOtlpSuccess(encoding, outcome, signal)
    answer(request, response, { httpStatus: 200, encoding, body, lastOnConnection: closing !== undefined })
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown) {
    if (error instanceof SenderGone) {
      abandonedRequests += 1
      return
    }
    const refusal = forSender(refusalOf(error), request.headers['user-agent'])
    const isOurs = refusal.httpStatus === 503 && !(error instanceof OtlpRefusal) && !isOtlpOverload(error)
    count(refusal)
    warnSeldom(
      isOurs ? 'failed' : String(refusal.httpStatus),
      {
        status: refusal.httpStatus,
        ...sender(request),
        reason: refusal.message,
        ...(isOurs && { err: error }),
      },
      isOurs ? 'an OTLP request could not be stored' : 'an OTLP request was refused',
    )
    answerRefusal(request, response, refusal, closing !== undefined)
  }

  function count({ httpStatus }: OtlpRefusal) {
    refusedRequests[httpStatus] = (refusedRequests[httpStatus] ?? 0) + 1
  }

  const serverOptions: ServerOptions = {
    headersTimeout,
    requestTimeout,
    // Exporters send once a minute by default and keep their connection; closing it first costs them a retry.
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: Math.min(1_000, headersTimeout, requestTimeout),
    maxHeaderSize: 16 * 1024,
    // The guard refuses a missing Host too, and with a Status.
    requireHostHeader: false,
  }
  const { tls } = options
  const server =
    tls === undefined
      ? createServer(serverOptions)
      : createTlsServer({
          ...serverOptions,
          cert: tls.cert,
          key: tls.key,
          minVersion: 'TLSv1.2',
          handshakeTimeout: headersTimeout,
          ...(tls.clientCa !== undefined && {
            ca: tls.clientCa,
            requestCert: true,
            rejectUnauthorized: true,
          }),
        })
  server.on('request', (request, response) => void handle(request, response, false))
  server.maxConnections = options.maxConnections ?? 4096
  server.on('checkContinue', (request, response) => void handle(request, response, true))
  server.on('drop', () => {
    droppedConnections += 1
  })
  // Of TLS the socket that requests are told by is the inner one.
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Duplex) => {
    openConnections += 1
    idle.add(socket)
    socket.once('close', () => {
      openConnections -= 1
      idle.delete(socket)
    })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const refusal = refusalOfSocketError(error)
    // After the first byte of an answer another status line would be read as part of it.
    if (refusal === undefined || !socket.writable || answering.get(socket)?.headersSent === true) {
      socket.destroy()
      return
    }
    count(refusal)
    warnSeldom(
      String(refusal.httpStatus),
      { status: refusal.httpStatus, reason: refusal.message },
      refusal.message,
    )
    answerRaw(socket, refusal)
  })

  async function closeAll() {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of idle) socket.destroy()
    const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs)
    await closed
    clearTimeout(timer)
  }

  const plain = await listen(server, { host, port, option: '--otlp-port' })
  const address = tls === undefined ? plain : { ...plain, url: plain.url.replace(/^http:/, 'https:') }
  return {
    address,
    close() {
      closing ??= closeAll()
      return closing
    },
    stats: () => ({
      openConnections,
      droppedConnections,
      requests,
      acceptedRequests,
      rejectedPoints,
      abandonedRequests,
      receivedBytes,
      bytesInFlight: budget.inUse(),
      refusedRequests: { ...refusedRequests },
    }),
  }
}

/** Whose request it was. Both texts come from outside; the logger escapes them, this bounds them. */
const sender = (request: IncomingMessage) => ({
  from: request.socket.remoteAddress,
  userAgent: request.headers['user-agent']?.slice(0, 200),
})

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { encodeOtlpError, type OtlpEncoding, otlpContentType } from '@perfmon/core'
import { corsHeaders } from './otlp-cors.ts'
import type { OtlpRefusal } from './otlp-refusal.ts'

/** How long a sender that has been refused may go on sending into the void before the socket is cut. */
const lingerMs = 1_000

/** The request's own encoding, in which the answer must be too; undefined when it has neither. */
export function encodingOf(contentType: string | undefined): OtlpEncoding | undefined {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType === otlpContentType.protobuf) return 'protobuf'
  return mediaType === otlpContentType.json ? 'json' : undefined
}

export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  {
    httpStatus,
    encoding,
    body,
    headers,
    lastOnConnection,
  }: {
    readonly httpStatus: number
    readonly encoding: OtlpEncoding
    readonly body: Uint8Array | string
    readonly headers?: Readonly<Record<string, string>>
    readonly lastOnConnection: boolean
  },
): void {
  if (response.destroyed || response.headersSent) return
  const unread = !request.complete
  response.writeHead(httpStatus, {
    // Only a refusal for its origin is kept from a page.
    ...(httpStatus !== 403 && corsHeaders(request)),
    ...headers,
    'content-type': otlpContentType[encoding],
    'content-length': Buffer.byteLength(body),
    ...((unread || lastOnConnection) && { connection: 'close' }),
  })
  if (!unread) {
    response.end(body)
    return
  }
  // Ending now would reset the connection under a sender that is still writing, and it would never read
  // why it was refused. The answer is complete for it by its Content-Length; the rest is thrown away.
  if (body.length > 0) response.write(body)
  else response.flushHeaders()
  const timer = setTimeout(end, lingerMs)
  function end() {
    clearTimeout(timer)
    response.end()
  }
  request.resume().once('end', end).once('close', end)
}

export function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: OtlpRefusal,
  lastOnConnection: boolean,
): void {
  const encoding = encodingOf(request.headers['content-type']) ?? 'json'
  const { httpStatus, rpcCode: code, message, badRequest, headers } = refusal
  const body = encodeOtlpError(encoding, { code, message, badRequest })
  answer(request, response, { httpStatus, encoding, body, headers, lastOnConnection })
}

/** For what Node refuses before there is a request to answer: a whole response, written by hand. */
export function answerRaw(socket: Duplex, { httpStatus, rpcCode: code, message }: OtlpRefusal): void {
  const body = String(encodeOtlpError('json', { code, message }))
  const head = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}`,
    `content-type: ${otlpContentType.json}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

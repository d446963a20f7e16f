import type { IncomingMessage } from 'node:http'
import type { OtlpEncoding, OtlpSignal } from '@perfmon/core'
import { encodingOf } from './otlp-answer.ts'
import { refusals } from './otlp-refusal.ts'

type Signal = OtlpSignal
const signalOfPath: Readonly<Record<string, Signal | undefined>> = {
  __proto__: null as never,
  '/v1/metrics': 'metrics',
  '/v1/traces': 'traces',
  '/v1/logs': 'logs',
}

/** What a request brings, by its path behind `prefix`. Throws 404 and 405. */
export function route(request: IncomingMessage, prefix: string): Signal {
  const path = (request.url ?? '').split('?', 1)[0]!.replace(/\/$/, '')
  const signal = path.startsWith(prefix) ? signalOfPath[path.slice(prefix.length)] : undefined
  if (signal === undefined) throw refusals.notFound()
  if (request.method !== 'POST') throw refusals.wrongMethod()
  return signal
}

/** The encoding of a request's body. Throws 415. */
export function demandEncoding(request: IncomingMessage): OtlpEncoding {
  const contentType = request.headers['content-type']
  const encoding = encodingOf(contentType)
  if (encoding !== undefined) return encoding
  throw refusals.wrongType(
    contentType?.startsWith('application/grpc')
      ? 'This is OTLP over HTTP, not gRPC. Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf for the sender.'
      : 'The Content-Type must be application/x-protobuf or application/json.',
  )
}

import { MalformedBody, rpcCode } from '@perfmon/core'
import { isOtlpOverload } from './otlp-ingest.ts'

/** An answer other than 200. The message goes to the sender, so it tells what to change. */
export class OtlpRefusal extends Error {
  readonly httpStatus: number
  readonly rpcCode: number
  readonly headers: Readonly<Record<string, string>>
  /** What was wrong with the body, where it was the body. */
  readonly badRequest: { readonly field: string; readonly description: string } | undefined
  constructor(
    httpStatus: number,
    code: number,
    message: string,
    extra: { headers?: Record<string, string>; badField?: string } = {},
  ) {
    super(message)
    this.name = 'OtlpRefusal'
    this.httpStatus = httpStatus
    this.rpcCode = code
    this.headers = extra.headers ?? {}
    this.badRequest =
      extra.badField === undefined ? undefined : { field: extra.badField, description: message }
  }
}

/** The longest wait that exporters can follow: OpenTelemetry's for JavaScript give up after 10 s in all. */
const longestRetryAfterSeconds = 5

export const refusals = {
  badBody: (message: string, badField = 'body') =>
    new OtlpRefusal(400, rpcCode.invalidArgument, message, { badField }),
  badRequest: (message: string) => new OtlpRefusal(400, rpcCode.invalidArgument, message),
  unauthenticated: () =>
    new OtlpRefusal(
      401,
      rpcCode.unauthenticated,
      'A token is needed. Set OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20TOKEN" for the sender.',
      { headers: { 'www-authenticate': 'Bearer' } },
    ),
  forbidden: (message: string) => new OtlpRefusal(403, rpcCode.permissionDenied, message),
  notFound: () =>
    new OtlpRefusal(404, rpcCode.notFound, 'OTLP is taken at /v1/metrics, /v1/traces and /v1/logs.'),
  wrongMethod: () =>
    new OtlpRefusal(405, rpcCode.unimplemented, 'OTLP is sent with POST.', { headers: { allow: 'POST' } }),
  tooLarge: (maxBodyBytes: number) =>
    new OtlpRefusal(
      413,
      rpcCode.resourceExhausted,
      `The body is larger than ${maxBodyBytes} bytes, counted after decompression. Send smaller batches.`,
    ),
  wrongType: (message: string) => new OtlpRefusal(415, rpcCode.unimplemented, message),
  /** The sender sends more than there is room for now. {@link forSender} knows who must hear it otherwise. */
  overloaded: (retryAfterSeconds: number) =>
    new OtlpRefusal(429, rpcCode.resourceExhausted, 'Too much is arriving at once. Try again.', {
      headers: { 'retry-after': wholeSeconds(retryAfterSeconds) },
    }),
  /** The disk is full, or the like: nothing that the sender does helps, but waiting may. */
  unavailable: (retryAfterSeconds: number) =>
    new OtlpRefusal(503, rpcCode.unavailable, 'The store takes nothing at the moment. Try again.', {
      headers: { 'retry-after': wholeSeconds(retryAfterSeconds) },
    }),
  /** Never 500: exporters do not try again after it. The cause goes to our log, not to the sender. */
  failed: () =>
    new OtlpRefusal(503, rpcCode.unavailable, 'The metrics could not be stored. Try again.', {
      headers: { 'retry-after': String(longestRetryAfterSeconds) },
    }),
} as const

const wholeSeconds = (seconds: number): string =>
  String(Math.min(longestRetryAfterSeconds, Math.max(1, Math.ceil(seconds) || 1)))

/**
 * Older exporters for Python (1.36 for one, 1.45 no more; test/components/otlp-senders measures both) take 429 for a
 * final word and throw the data away: they hear 503.
 */
export function forSender(refusal: OtlpRefusal, userAgent: string | undefined): OtlpRefusal {
  if (refusal.httpStatus !== 429 || !/python/i.test(userAgent ?? '')) return refusal
  return new OtlpRefusal(503, rpcCode.unavailable, refusal.message, { headers: { ...refusal.headers } })
}

/** What to answer when taking a request in has failed. */
export function refusalOf(error: unknown): OtlpRefusal {
  if (error instanceof OtlpRefusal) return error
  if (isOtlpOverload(error)) {
    const { code, retryAfterSeconds } = error
    return code === 'overloaded'
      ? refusals.overloaded(retryAfterSeconds)
      : refusals.unavailable(retryAfterSeconds)
  }
  if (!(error instanceof MalformedBody)) return refusals.failed()
  return refusals.badBody(
    error.offset === undefined ? error.message : `${error.message} (at ${error.offset})`,
    error.offset === undefined ? 'body' : `body[${error.offset}]`,
  )
}

import { encodeUtf8 } from './encode-utf8.ts'

export type OtlpEncoding = 'protobuf' | 'json'

export const otlpContentType: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

export type OtlpSignal = 'metrics' | 'traces' | 'logs'

/** What stands for "rejected" in JSON; on the wire it is field 1 in all three. */
const rejectedField: Readonly<Record<OtlpSignal, string>> = {
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
}

/** gRPC's status codes, as far as a receiver needs them (google/rpc/code.proto). */
export const rpcCode = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** Exporters read 64 kB of a response at most, and print the message as one line. */
const longestMessage = 1024

/**
 * ExportMetricsServiceResponse. Full success leaves `partialSuccess` unset, as the specification demands: an
 * empty message or `{}`, which is also right for traces and logs. A message with nothing rejected is a warning.
 */
export function encodeOtlpSuccess(
  encoding: OtlpEncoding,
  outcome: { readonly rejectedPoints: number; readonly message?: string | undefined },
  signal: OtlpSignal = 'metrics',
): Uint8Array | string {
  const { rejectedPoints } = outcome
  const errorMessage = shorten(outcome.message ?? '')
  const full = rejectedPoints === 0 && errorMessage === ''
  if (encoding === 'json') {
    if (full) return '{}'
    return JSON.stringify({
      partialSuccess: { [rejectedField[signal]]: String(rejectedPoints), errorMessage },
    })
  }
  if (full) return new Uint8Array(0)
  const partial = [...numberField(1, rejectedPoints), ...textField(2, errorMessage)]
  return Uint8Array.from(bytesField(1, partial))
}

/**
 * google.rpc.Status, the body of every error. `badRequest` adds the detail that the specification asks for
 * when a body cannot be decoded: which field, and what is wrong with it.
 */
export function encodeOtlpError(
  encoding: OtlpEncoding,
  error: {
    readonly code: number
    readonly message: string
    readonly badRequest?: { readonly field: string; readonly description: string } | undefined
  },
): Uint8Array | string {
  const message = shorten(error.message)
  const violation = error.badRequest && {
    field: shorten(error.badRequest.field),
    description: shorten(error.badRequest.description),
  }
  if (encoding === 'json') {
    const details = violation && [{ '@type': badRequestType, fieldViolations: [violation] }]
    return JSON.stringify({ code: error.code, message, ...(details && { details }) })
  }
  const fields = [...numberField(1, error.code), ...textField(2, message)]
  if (violation !== undefined) {
    const fieldViolation = [...textField(1, violation.field), ...textField(2, violation.description)]
    fields.push(
      ...bytesField(3, [...textField(1, badRequestType), ...bytesField(2, bytesField(1, fieldViolation))]),
    )
  }
  return Uint8Array.from(fields)
}

const badRequestType = 'type.googleapis.com/google.rpc.BadRequest'

/** Cuts between characters, never between the halves of one. */
function shorten(text: string): string {
  if (text.length <= longestMessage) return text.toWellFormed()
  return `${text.slice(0, longestMessage - 1).toWellFormed()}…`
}

/** Proto3 leaves out what has its default. */
const numberField = (field: number, value: number): number[] =>
  value === 0 ? [] : [field << 3, ...varint(value)]
const textField = (field: number, text: string): number[] =>
  text === '' ? [] : bytesField(field, encodeUtf8(text))
const bytesField = (field: number, bytes: readonly number[]): number[] => [
  (field << 3) | 2,
  ...varint(bytes.length),
  ...bytes,
]

function varint(value: number): number[] {
  const bytes: number[] = []
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80)
  bytes.push(left)
  return bytes
}

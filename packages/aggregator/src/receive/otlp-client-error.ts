import { rpcCode } from '@perfmon/core'
import { OtlpRefusal } from './otlp-refusal.ts'

/** What to tell a sender whose bytes node:http could not make a request of; undefined when it is gone. */
export function refusalOfSocketError(
  error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer },
): OtlpRefusal | undefined {
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new OtlpRefusal(408, rpcCode.deadlineExceeded, 'The request did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW':
      return new OtlpRefusal(431, rpcCode.resourceExhausted, 'The headers are too large.')
    default:
      return new OtlpRefusal(
        400,
        rpcCode.invalidArgument,
        // What every gRPC client says first, and the commonest mistake in setting up an exporter.
        error.rawPacket?.subarray(0, 5).toString('latin1') === 'PRI *'
          ? 'This is OTLP over HTTP/1.1 and the sender speaks gRPC. Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf for it.'
          : 'This is not HTTP/1.1.',
      )
  }
}

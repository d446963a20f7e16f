import { attributeNames } from '@perfmon/protocol/names'
import type { MetricAttributes } from './duration-histogram.ts'
import { methodName, type PeerName } from './http-names.ts'
import type { Recordings } from './recordings.ts'

export interface ClientRequestEnd {
  readonly startedAtMs: number
  /** See `RequestSampler`; 1 unless given. */
  readonly standsFor?: number | undefined
  readonly method: string | undefined
  /** 0 when no answer came. */
  readonly status: number
  /** Why it failed although the status does not say so. */
  readonly failure: string | undefined
  /** Text that stands for the peer; `peer` is only asked when it was never seen. */
  readonly peerKey: string
  readonly peer: () => PeerName
  /** Told where it is not HTTP/1.1. */
  readonly protocolVersion?: '2'
}

/** One finished outgoing request, whichever library made it. */
export const recordClientRequest = (
  { clientDurations, active, sampling }: Recordings,
  { startedAtMs, standsFor = 1, method, status, failure, peerKey, peer, protocolVersion }: ClientRequestEnd,
): void => {
  const seconds = (performance.now() - startedAtMs) / 1000
  active.client -= standsFor
  const weight = sampling.client.weigh(standsFor, seconds, failure !== undefined || status >= 400)
  if (weight === 0) return
  const name = methodName(method)
  const key = `${name}|${peerKey}|${status}|${failure ?? ''}|${protocolVersion ?? ''}`
  let series = clientDurations.find(key)
  if (series === undefined) {
    const { host, port } = peer()
    const attributes: MetricAttributes = {
      [attributeNames.httpMethod]: name,
      [attributeNames.serverAddress]: host,
    }
    if (port !== undefined) attributes[attributeNames.serverPort] = port
    if (protocolVersion !== undefined) attributes[attributeNames.protocolVersion] = protocolVersion
    if (status > 0) attributes[attributeNames.httpStatusCode] = status
    const errorType = failure ?? (status >= 400 ? String(status) : undefined)
    if (errorType !== undefined) attributes[attributeNames.errorType] = errorType
    series = clientDurations.admit(key, attributes)
  }
  clientDurations.record(series, seconds, weight)
}

import { attributeNames } from '@perfmon/protocol/names'
import type { MetricAttributes } from './duration-histogram.ts'
import { methodName } from './http-names.ts'
import type { Recordings } from './recordings.ts'

export interface ServerRequestEnd {
  readonly startedAtMs: number
  /** See `RequestSampler`; 1 unless given. */
  readonly standsFor?: number | undefined
  /** Absent or true: the answer was sent to its end. */
  readonly isComplete?: boolean
  readonly scheme: 'http' | 'https'
  readonly method: string | undefined
  /** 0 when the caller left before the head of the answer. */
  readonly status: number
  readonly route: string | undefined
  /** Told where it is not HTTP/1.1. */
  readonly protocolVersion?: '2'
}

/** One request served, whatever protocol brought it. */
export const recordServerRequest = (
  { serverDurations, active, sampling }: Recordings,
  {
    startedAtMs,
    standsFor = 1,
    isComplete = true,
    scheme,
    method: given,
    status,
    route,
    protocolVersion,
  }: ServerRequestEnd,
): void => {
  const seconds = (performance.now() - startedAtMs) / 1000
  active.server -= standsFor
  // Of those not chosen nobody hears when their callers leave: who was chosen stands for them.
  const weight = isComplete ? sampling.server.weigh(standsFor, seconds, status >= 500) : standsFor
  if (weight === 0) return
  const method = methodName(given)
  const key = `${scheme}|${method}|${status}|${route ?? ''}|${protocolVersion ?? ''}`
  let series = serverDurations.find(key)
  if (series === undefined) {
    const attributes: MetricAttributes = {
      [attributeNames.httpMethod]: method,
      [attributeNames.urlScheme]: scheme,
    }
    if (protocolVersion !== undefined) attributes[attributeNames.protocolVersion] = protocolVersion
    if (status > 0) attributes[attributeNames.httpStatusCode] = status
    if (status >= 500) attributes[attributeNames.errorType] = String(status)
    if (status === 0) attributes[attributeNames.errorType] = 'aborted'
    if (route !== undefined) attributes[attributeNames.httpRoute] = route
    series = serverDurations.admit(key, attributes)
  }
  serverDurations.record(series, seconds, weight)
}

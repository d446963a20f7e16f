import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import type { IExporterTransport } from '@opentelemetry/otlp-exporter-base'
import type { Settings } from '../configure/read-settings.ts'
import { createConnection } from './create-connection.ts'
import { DeliveryError } from './delivery-error.ts'
import { toHttpBytes } from './post-request.ts'
import { requestHeaders } from './request-headers.ts'

/** Loaded when it is needed: reports for this machine are not compressed. */
const compress = (report: Uint8Array): Promise<Buffer> =>
  promisify(process.getBuiltinModule('node:zlib').gzip)(report, { level: 1 })

/** Longest wait that a receiver may ask for. */
const maxRetryAfterMs = 60_000

/** `Retry-After`: seconds or a date. */
const retryAfterMs = (header: string | undefined, nowMs: number): number => {
  if (header === undefined) return 0
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : 0
}

export interface Transport extends IExporterTransport {
  /** A connection to the receiver that is open and unused. */
  idleSocket(): Socket | undefined
}

/**
 * Posts reports. Our own rather than the exporter package's: that one retries on a timer that keeps the
 * agent alive, and its sockets do too. Nothing is retried here, as the next report holds the same totals.
 */
export const createTransport = ({ settings, now }: { settings: Settings; now: () => number }): Transport => {
  const connection = createConnection(settings.url)
  const headers = requestHeaders(settings)
  let notBeforeMs = 0

  const post = async (report: Uint8Array, timeoutMs: number): Promise<Buffer> => {
    if (now() < notBeforeMs) throw new DeliveryError('refused', 'the receiver asked to wait')
    const body = settings.compression === 'gzip' ? await compress(report) : report
    const request = toHttpBytes({ url: settings.url, headers, body }, 'keep-alive')
    const answer = await connection.exchange(request, timeoutMs)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    notBeforeMs = now() + retryAfterMs(answer.headers['retry-after'], now())
    throw new DeliveryError('refused', `status ${answer.status}`)
  }

  return {
    async send(report, timeoutMs) {
      try {
        return { status: 'success', data: await post(report, timeoutMs) }
      } catch (error) {
        return { status: 'failure', error: error as Error }
      }
    },
    idleSocket: connection.idleSocket,
    shutdown: connection.close,
  }
}

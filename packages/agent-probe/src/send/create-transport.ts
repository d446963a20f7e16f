import { promisify } from 'node:util'
import type { IExporterTransport } from '@opentelemetry/otlp-exporter-base'
import type { ProbeAccount } from '../collect/probe-account.ts'
import type { Settings } from '../configure/read-settings.ts'
import { type Connection, createConnection } from './create-connection.ts'
import { DeliveryError } from './delivery-error.ts'
import { toHttpBytes } from './post-request.ts'
import { requestHeaders } from './request-headers.ts'

/** Up to here a thread would cost more than it takes over (some 10 µs per kB), and hide it from the probe's account. */
const maxBytesAtOnce = 64 * 1024

const compress = (report: Uint8Array): Uint8Array | Promise<Uint8Array> => {
  // Loaded when it is needed: reports for this machine are not compressed.
  const { gzip, gzipSync } = process.getBuiltinModule('node:zlib')
  const options = { level: 1 }
  return report.byteLength <= maxBytesAtOnce ? gzipSync(report, options) : promisify(gzip)(report, options)
}

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
  takeOver: Connection['takeOver']
}

/**
 * Posts reports. Our own rather than the exporter package's: that one retries on a timer that keeps the
 * agent alive, and its sockets do too. Nothing is retried here, as the next report holds the same totals.
 */
export const createTransport = ({
  settings,
  account,
  now,
}: {
  settings: Settings
  account: ProbeAccount
  now: () => number
}): Transport => {
  const connection = createConnection(settings.url, settings.tls)
  const headers = requestHeaders(settings)
  let notBeforeMs = 0

  const post = async (report: Uint8Array, timeoutMs: number): Promise<Buffer> => {
    if (now() < notBeforeMs) throw new DeliveryError('refused', 'the receiver asked to wait')
    const ready = settings.compression === 'gzip' ? compress(report) : report
    // No `await` where nothing is waited for: what follows is still on the probe's account.
    const body = ready instanceof Uint8Array ? ready : await ready
    const request = toHttpBytes({ url: settings.url, headers, body }, 'keep-alive')
    account.sent({ bodyBytes: report.byteLength, wireBytes: request.byteLength })
    const answer = await connection.exchange(request, timeoutMs)
    if (answer.status >= 200 && answer.status < 300) {
      // A web page answers everything with 200, and takes nothing.
      if (answer.headers['content-type']?.includes('text/html'))
        throw new DeliveryError('refused', 'the answer is a web page')
      return answer.body
    }
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
    takeOver: connection.takeOver,
    shutdown: connection.close,
  }
}

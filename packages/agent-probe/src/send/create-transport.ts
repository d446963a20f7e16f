import * as http from 'node:http'
import * as https from 'node:https'
import type { Socket } from 'node:net'
import { gzip } from 'node:zlib'
import type { ExportResponse, IExporterTransport } from '@opentelemetry/otlp-exporter-base'
import type { ProbeAccount } from '../collect/probe-account.ts'
import type { Settings } from '../configure/read-settings.ts'
import type { Recordings } from '../record/recordings.ts'
import { abandonWhenAlone } from './abandon-when-alone.ts'
import { DeliveryError } from './delivery-error.ts'
import { requestHeaders } from './request-headers.ts'

/** A receiver that answers more than this is not an OTLP receiver. */
const maxAnswerBytes = 64 * 1024
/** Longest wait that a receiver may ask for. */
const maxRetryAfterMs = 60_000

/** `Retry-After`: seconds or a date. */
const retryAfterMs = (header: string | undefined, nowMs: number): number => {
  if (header === undefined) return 0
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : 0
}

const compress = (body: Uint8Array, then: (body: Uint8Array) => void, failed: (error: Error) => void) =>
  gzip(body, { level: 1 }, (error, zipped) => (error ? failed(error) : then(zipped)))

export interface Transport extends IExporterTransport {
  /** A connection to the receiver that is open and unused. */
  idleSocket(): Socket | undefined
}

/**
 * Posts one report. Our own rather than the exporter package's: that one retries on a timer that keeps the
 * agent alive, and its sockets do too. Nothing is retried here, as the next report holds the same totals.
 * Nothing here is referenced: an agent that has nothing left to do ends in mid-report.
 */
export const createTransport = ({
  settings,
  own,
  account,
  now,
}: {
  settings: Settings
  own: Recordings['own']
  account: ProbeAccount
  now: () => number
}): Transport => {
  const url = new URL(settings.url)
  const { Agent, request } = url.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const headers = requestHeaders(settings)
  let notBeforeMs = 0

  const post = (body: Uint8Array, timeoutMs: number, settle: (response: ExportResponse) => void) => {
    const fail = (error: DeliveryError) => settle({ status: 'failure', error })
    own.sending = true
    let outgoing: http.ClientRequest
    try {
      outgoing = request(url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': body.byteLength },
      })
    } finally {
      own.sending = false
    }
    const stopWatching = abandonWhenAlone(outgoing)
    const deadline = setTimeout(() => {
      fail(new DeliveryError('timeout', `no answer within ${timeoutMs} ms`))
      outgoing.destroy()
    }, timeoutMs)
    deadline.unref()
    outgoing.on('socket', (socket) => socket.unref())
    outgoing.on('close', () => {
      clearTimeout(deadline)
      stopWatching()
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      fail(new DeliveryError('unreachable', error.code ?? error.message)),
    )
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= maxAnswerBytes) chunks.push(chunk)
        else answer.destroy()
      })
      answer.on('error', () => fail(new DeliveryError('unreachable', 'the answer broke off')))
      answer.on('close', () => {
        const status = answer.statusCode ?? 0
        if (status >= 200 && status < 300) {
          settle({ status: 'success', data: Buffer.concat(chunks) })
          return
        }
        notBeforeMs = now() + retryAfterMs(answer.headers['retry-after'], now())
        fail(new DeliveryError('refused', `status ${status}`))
      })
    })
    outgoing.end(body)
  }

  return {
    send: (body, timeoutMs) =>
      new Promise((settle) => {
        if (now() < notBeforeMs) {
          settle({ status: 'failure', error: new DeliveryError('refused', 'asked to wait') })
          return
        }
        const postCharged = (bytes: Uint8Array) => account.charge(() => post(bytes, timeoutMs, settle))
        if (settings.compression === 'none') postCharged(body)
        else
          compress(body, postCharged, (error) =>
            settle({ status: 'failure', error: new DeliveryError('unreachable', error.message) }),
          )
      }),
    shutdown: () => agent.destroy(),
    idleSocket: () => Object.values(agent.freeSockets)[0]?.[0],
  }
}

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../system/loopback.ts'
import { refusals } from './otlp-refusal.ts'

/**
 * Refuses who must not send here. Browsers: any page that a developer opens can post to loopback, and sends
 * `Origin` when it does; no exporter sends one. DNS rebinding: a page's own host name that now resolves to
 * loopback arrives with that name as `Host`. And, where a token is set, whoever does not have it.
 */
export function createRequestGuard({
  host,
  token,
}: {
  readonly host: string
  readonly token: string | undefined
}) {
  const allowedHosts = isLoopback(host)
    ? new Set(['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host.toLowerCase()])
    : undefined
  const wanted = token === undefined ? undefined : digest(token)

  return function guard(request: IncomingMessage): void {
    const { headers } = request
    if (headers.origin !== undefined) throw refusals.forbidden('Browsers may not send metrics here.')
    if (headers.host === undefined) throw refusals.badRequest('The Host header is missing.')
    if (allowedHosts !== undefined && !allowedHosts.has(hostName(headers.host))) {
      throw refusals.forbidden('The Host header is not a name of this machine. Send to http://127.0.0.1.')
    }
    if (wanted === undefined) return
    const given = bearerToken(headers.authorization)
    // Digests have one length, so the comparison tells nothing about the token's.
    if (given === undefined || !timingSafeEqual(wanted, digest(given))) throw refusals.unauthenticated()
  }
}

const hostName = (header: string): string => header.toLowerCase().replace(/:\d+$/, '')

const bearerToken = (header = ''): string | undefined => /^bearer +(.+)$/i.exec(header)?.[1]

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

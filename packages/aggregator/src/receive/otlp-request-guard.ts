import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../system/loopback.ts'
import { refusals } from './otlp-refusal.ts'

/**
 * Refuses who must not send here. Browsers: any page that a developer opens can post to loopback, and sends
 * `Origin` when it does; no exporter sends one. Pages of `corsOrigins` may. DNS rebinding: a page's own host name that now resolves to
 * loopback arrives with that name as `Host`. And, where a token is set, whoever does not have it.
 */
export function createRequestGuard({
  host,
  token,
  corsOrigins,
}: {
  readonly host: string
  readonly token: string | undefined
  readonly corsOrigins: ReadonlySet<string>
}) {
  const allowedHosts = isLoopback(host)
    ? new Set(['localhost', '127.0.0.1', '[::1]', host.includes(':') ? `[${host}]` : host.toLowerCase()])
    : undefined
  const wanted = token === undefined ? undefined : digest(token)

  return function guard(request: IncomingMessage): void {
    const { headers } = request
    if (headers.origin !== undefined && !corsOrigins.has(headers.origin)) {
      throw refusals.forbidden('Pages of this origin may not send here; allow it with otlp.cors_origins.')
    }
    if (headers.host === undefined) throw refusals.badRequest('The Host header is missing.')
    if (allowedHosts !== undefined && !allowedHosts.has(hostName(headers.host))) {
      throw refusals.forbidden('The Host header is not a name of this machine. Send to http://127.0.0.1.')
    }
    // A browser asks without a token whether it may send with one.
    if (wanted === undefined || request.method === 'OPTIONS') return
    const given = bearerToken(headers.authorization)
    // Digests have one length, so the comparison tells nothing about the token's.
    if (given === undefined || !timingSafeEqual(wanted, digest(given))) throw refusals.unauthenticated()
  }
}

const hostName = (header: string): string => header.toLowerCase().replace(/:\d+$/, '')

const bearerToken = (header = ''): string | undefined => /^bearer +(.+)$/i.exec(header)?.[1]

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

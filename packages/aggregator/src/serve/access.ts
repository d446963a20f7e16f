import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../system/loopback.ts'

export interface AccessOptions {
  readonly token: string | undefined
  /** The host listened on. */
  readonly host: string
}

export type Denial = 'foreign-host' | 'foreign-origin' | 'unauthorized'

/**
 * Who may ask. On loopback everybody on this machine, but no web page of somewhere else: a `Host` that is not
 * ours means a rebound DNS name, an `Origin` that is not ours means another site's script. Beyond loopback
 * the token: programs send `Authorization: Bearer TOKEN`, a browser asks its user, who gives any name and the
 * token as the password.
 */
export function createAccess({ token, host }: AccessOptions) {
  // Digests have one length: comparing them tells nothing of how long the token is or how far a guess was right.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = token === undefined ? undefined : digest(token)

  function hasToken(request: IncomingMessage): boolean {
    if (!expected) return true
    const given = tokenIn(request.headers.authorization ?? '')
    return given !== null && timingSafeEqual(digest(given), expected)
  }

  return function deny(request: IncomingMessage): Denial | null {
    const asked = hostName(request.headers.host)
    if (isLoopback(host) && (asked === null || !isLoopback(asked))) return 'foreign-host'
    const { origin } = request.headers
    if (origin !== undefined && hostOf(origin) !== request.headers.host) return 'foreign-origin'
    return hasToken(request) ? null : 'unauthorized'
  }
}

function tokenIn(header: string): string | null {
  const [scheme, value] = header.split(' ', 2)
  if (value === undefined) return null
  if (/^bearer$/i.test(scheme ?? '')) return value
  if (!/^basic$/i.test(scheme ?? '')) return null
  const pair = Buffer.from(value, 'base64').toString()
  const colon = pair.indexOf(':')
  return colon < 0 ? null : pair.slice(colon + 1)
}

function hostName(header: string | undefined): string | null {
  return header === undefined ? null : header.replace(/:\d+$/, '')
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}

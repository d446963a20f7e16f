import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../configuration.ts'

export interface AccessOptions {
  readonly token: string | undefined
  /** The host listened on. */
  readonly host: string
}

export type Denial = 'foreign-host' | 'foreign-origin' | 'unauthorized'

/**
 * Who may ask. On loopback everybody on this machine, but no web page of somewhere else: a `Host` that is not
 * ours means a rebound DNS name, an `Origin` that is not ours means another site's script. Beyond loopback
 * a token, as `Authorization: Bearer`.
 */
export function createAccess({ token, host }: AccessOptions) {
  const expected = token === undefined ? undefined : Buffer.from(`Bearer ${token}`)

  function hasToken(request: IncomingMessage): boolean {
    if (!expected) return true
    const given = Buffer.from(request.headers.authorization ?? '')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  return function deny(request: IncomingMessage): Denial | null {
    const asked = hostName(request.headers.host)
    if (isLoopback(host) && (asked === null || !isLoopback(asked))) return 'foreign-host'
    const { origin } = request.headers
    if (origin !== undefined && hostOf(origin) !== request.headers.host) return 'foreign-origin'
    return hasToken(request) ? null : 'unauthorized'
  }
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

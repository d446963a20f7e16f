import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Refusal {
  readonly status: 401 | 403 | 404 | 503
  readonly message: string
}

/** Hashed first: the comparison then takes the same time whatever the length. */
const same = (given: string, expected: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/** Decides about an upgrade request; `undefined` admits it. */
export const admitPeer = ({
  request: { url = '', headers },
  token,
  sockets,
  maxSockets,
  isInRate,
}: {
  request: Pick<IncomingMessage, 'url' | 'headers'>
  token: string | undefined
  sockets: number
  maxSockets: number
  /** Counts this one; asked last, so that who lacks the token uses nothing up for others. */
  isInRate: () => boolean
}): Refusal | undefined => {
  if (url.split('?', 1)[0] !== '/metrics') return { status: 404, message: 'The path is /metrics' }
  // Only browsers send an origin, and a web page has no business with an agent on the visitor's machine.
  if (headers.origin !== undefined) return { status: 403, message: 'Browsers are not admitted' }
  if (token !== undefined && !same(headers.authorization ?? '', `Bearer ${token}`)) {
    return { status: 401, message: 'Send the header Authorization: Bearer <PERFMON_TOKEN of this agent>' }
  }
  if (sockets >= maxSockets) return { status: 503, message: `At most ${maxSockets} connections` }
  if (!isInRate()) return { status: 503, message: 'Too many connections in a second' }
  return undefined
}

const knownMethods = new Set([
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'QUERY',
  'CONNECT',
  'TRACE',
])

/** A method as semantic conventions want it: known and upper case, or `_OTHER`. It is peer-supplied text. */
export const methodName = (method: string | undefined): string =>
  method !== undefined && knownMethods.has(method) ? method : '_OTHER'

const harmless = /^[\w.-]{1,64}$/

/** A short `error.type` of low cardinality: the error's code, else its name, else `_OTHER`. */
export const errorTypeName = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return '_OTHER'
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (typeof code === 'string' && harmless.test(code)) return code
  if (typeof name === 'string' && harmless.test(name)) return name
  return '_OTHER'
}

/** Longest host name that becomes an attribute: DNS allows 253 characters. */
const maxHostLength = 255

export interface PeerName {
  readonly host: string
  readonly port: number | undefined
}

const defaultPorts: Record<string, number> = { 'http:': 80, 'https:': 443 }

const readPeer = (origin: string): PeerName => {
  try {
    const { hostname, port, protocol } = new URL(origin)
    return {
      host: hostname.replace(/^\[|\]$/g, '').slice(0, maxHostLength),
      port: port === '' ? defaultPorts[protocol] : Number(port),
    }
  } catch {
    return { host: '_OTHER', port: undefined }
  }
}

let lastOrigin: string | undefined
let lastPeer: PeerName = { host: '_OTHER', port: undefined }

/**
 * Host and port of an origin such as `https://api.example.com`, or of a whole URL. Text that is no origin has no
 * port. Agents mostly call the same one again, and parsing takes 2 µs.
 */
export const peerOfOrigin = (origin: string): PeerName => {
  if (origin !== lastOrigin) {
    lastPeer = readPeer(origin)
    lastOrigin = origin
  }
  return lastPeer
}

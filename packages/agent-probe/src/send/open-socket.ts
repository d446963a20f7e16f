import * as net from 'node:net'
import type { TlsSettings } from '../configure/read-tls.ts'
import { createHostLookup } from './look-up-host.ts'

/** Whom to believe, and who to be. */
type Trust = TlsSettings | { readonly ca?: Buffer; readonly rejectUnauthorized?: true }

/**
 * Connects within this very call, for which Node's own way to a numeric address needs a turn of the event loop: a
 * name with a look-up that answers at once does not. `undefined` for what takes longer: TLS, and names.
 */
export const connectNow = (url: string): net.Socket | undefined => {
  const { protocol, hostname, port } = new URL(url)
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = net.isIP(address)
  if (protocol !== 'http:' || family === 0) return undefined
  const socket = net.connect({
    host: 'receiver',
    port: Number(port) || 80,
    family,
    lookup: (_host, _options, found) => found(null, address, family),
  })
  // Nobody waits for it: whoever connects now reads the descriptor.
  return socket.on('error', () => {}).unref()
}

/** Connects to the server of a URL, with TLS for https; `ca` takes the place of the public authorities. */
export const openSocket = (url: string, trust: Trust = {}): net.Socket => {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const names = createHostLookup()
  const target = { host, port: Number(port) || (secure ? 443 : 80), lookup: names.lookup }
  // A query that nobody waits for any more would keep the agent alive.
  const cancelling = (socket: net.Socket) => socket.once('close', names.cancel)
  if (!secure) return cancelling(net.connect(target))
  // A server name must be a name: TLS knows none for an address.
  // Not imported above: TLS takes longer to load than everything else of the probe.
  const { connect } = process.getBuiltinModule('node:tls')
  return cancelling(connect({ ...target, ...trust, ...(net.isIP(host) === 0 && { servername: host }) }))
}

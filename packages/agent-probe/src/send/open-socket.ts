import * as net from 'node:net'

/** Connects to the server of a URL, with TLS for https. */
export const openSocket = (url: string): net.Socket => {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const target = { host, port: Number(port) || (secure ? 443 : 80) }
  if (!secure) return net.connect(target)
  // A server name must be a name: TLS knows none for an address.
  // Not imported above: TLS takes longer to load than everything else of the probe.
  return process
    .getBuiltinModule('node:tls')
    .connect({ ...target, ...(net.isIP(host) === 0 && { servername: host }) })
}

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** Different loopback ports that were free a moment ago, for components that cannot tell which one 0 gave them. */
export async function freePorts(count: number): Promise<number[]> {
  // All open at once: a port that is closed again may be given twice.
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

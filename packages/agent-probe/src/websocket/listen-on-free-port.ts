import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      server.removeListener('error', reject)
      resolve()
    })
    // While it starts to listen it must not hold the agent either.
    server.unref()
  })

/** Listens on the first free port of the range and returns it. Rejects with the last port's error. */
export const listenOnFreePort = async ({
  server,
  host,
  firstPort,
  lastPort,
}: {
  server: Server
  host: string
  firstPort: number
  lastPort: number
}): Promise<number> => {
  for (let port = firstPort; ; port++) {
    try {
      await listen(server, port, host)
      return (server.address() as AddressInfo).port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port >= lastPort) throw error
    }
  }
}

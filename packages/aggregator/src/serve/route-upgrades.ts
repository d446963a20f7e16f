import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { createAccess } from './access.ts'

/** Takes a request for a WebSocket from somebody who may ask. */
export type UpgradeDoor = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Sends requests for WebSockets to the door of their path. Returns how many were refused. */
export function routeUpgrades({
  server,
  deny,
  doors,
}: {
  readonly server: Server
  readonly deny: ReturnType<typeof createAccess>
  readonly doors: Readonly<Record<string, UpgradeDoor>>
}): { refused(): number } {
  let refused = 0
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const denial = deny(request)
    const path = request.url?.split('?')[0] ?? ''
    if (denial) refuse(socket, denial === 'unauthorized' ? '401 Unauthorized' : '403 Forbidden')
    else if (!Object.hasOwn(doors, path)) refuse(socket, '404 Not Found')
    else return doors[path]!(request, socket, head)
    refused += 1
  })
  return { refused: () => refused }
}

function refuse(socket: Duplex, status: string) {
  // Nobody times out a socket that asked to be upgraded: who never hangs up would keep it for ever.
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

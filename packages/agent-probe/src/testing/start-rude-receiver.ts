import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** What to do with a request that has arrived, instead of answering it. */
export type Rudeness = (socket: Socket, body: string) => void

export interface RudeReceiver {
  readonly endpoint: string
  /** From now on; `undefined` is politeness. */
  behave(rudeness: Rudeness | undefined): void
  /** Resolves when a request has arrived after the call. */
  asked(): Promise<void>
  /** Bodies of the requests that were answered politely. */
  readonly taken: readonly string[]
  /** Resolves when one that was taken satisfies. */
  took(satisfies: (body: string) => boolean): Promise<string>
  close(): Promise<void>
}

const polite = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

const endOfRequest = (bytes: Buffer): { bodyFrom: number; bodyTo: number } | undefined => {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, headEnd))?.[1] ?? 0)
  const bodyFrom = headEnd + 4
  return bytes.byteLength < bodyFrom + length ? undefined : { bodyFrom, bodyTo: bodyFrom + length }
}

/** A server that reads requests as it should and answers them as nobody should, byte by byte. */
export const startRudeReceiver = async (): Promise<RudeReceiver> => {
  let rudeness: Rudeness | undefined
  const taken: string[] = []
  const askers = new Set<() => void>()
  const takers = new Set<() => void>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let found = endOfRequest(bytes); found !== undefined; found = endOfRequest(bytes)) {
        const body = bytes.toString('utf8', found.bodyFrom, found.bodyTo)
        bytes = bytes.subarray(found.bodyTo)
        if (rudeness !== undefined) rudeness(socket, body)
        else {
          socket.write(polite)
          taken.push(body)
          for (const look of takers) look()
        }
        for (const tell of askers) tell()
        askers.clear()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(next) {
      rudeness = next
    },
    asked: () => new Promise((resolve) => askers.add(resolve)),
    taken,
    took: (satisfies) =>
      new Promise((resolve) => {
        const look = () => {
          const found = taken.find(satisfies)
          if (found === undefined) return
          takers.delete(look)
          resolve(found)
        }
        takers.add(look)
        look()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

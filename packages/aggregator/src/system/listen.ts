import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

export interface ListenAddress {
  readonly host: string
  readonly port: number
  /** `http://HOST:PORT` as this machine can reach it: a wildcard host is written as loopback. */
  readonly url: string
}

export type ListenErrorCode = 'port-taken' | 'port-forbidden' | 'host-unknown' | 'listen-failed'

/** The message is one sentence on what is wrong and one on what to do, fit to be printed alone. */
export class ListenError extends Error {
  readonly code: ListenErrorCode
  constructor(code: ListenErrorCode, message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'ListenError'
    this.code = code
  }
}

/** `option` is the flag with which a user chooses the port, as in `--otlp-port`. Port 0 takes a free one. */
export async function listen(
  server: Server,
  { host, port, option }: { readonly host: string; readonly port: number; readonly option: string },
): Promise<ListenAddress> {
  try {
    server.listen({ host, port })
    // `once` rejects when the server emits an error first.
    await once(server, 'listening')
  } catch (error) {
    throw explain(error, host, port, option)
  }
  const bound = (server.address() as AddressInfo).port
  return { host, port: bound, url: `http://${reachable(host)}:${bound}` }
}

function explain(error: unknown, host: string, port: number, option: string): ListenError {
  const systemCode = (error as NodeJS.ErrnoException).code
  switch (systemCode) {
    case 'EADDRINUSE':
      return new ListenError(
        'port-taken',
        `Port ${port} on ${host} is taken by another program. Choose another with ${option}, or stop that program.`,
        error,
      )
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        'port-forbidden',
        `This user may not listen on port ${port} of ${host}. Choose one above 1023 with ${option}.`,
        error,
      )
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
    case 'EAI_AGAIN':
      return new ListenError(
        'host-unknown',
        `This machine has no address ${host} to listen on. Use 127.0.0.1 for this machine only, or 0.0.0.0 for all networks.`,
        error,
      )
    default:
      return new ListenError(
        'listen-failed',
        `Listening on port ${port} of ${host} failed (${systemCode ?? String(error)}). Choose another port with ${option}.`,
        error,
      )
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

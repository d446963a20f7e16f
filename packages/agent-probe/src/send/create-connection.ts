import type { Socket } from 'node:net'
import type { TlsSettings } from '../configure/read-tls.ts'
import { abandonWhenAlone } from './abandon-when-alone.ts'
import { DeliveryError } from './delivery-error.ts'
import { openSocket } from './open-socket.ts'
import { type HttpAnswer, readHttpAnswer } from './read-http-answer.ts'

/** Whoever answers more than this is no OTLP receiver. */
const maxAnswerBytes = 64 * 1024

export interface Connection {
  /** Sends one request and waits for its answer; one at a time. Rejects with a {@link DeliveryError}. */
  exchange(request: Buffer, timeoutMs: number): Promise<HttpAnswer>
  /**
   * The connection for somebody who does without an event loop, when it is open and everything was written to it.
   * `received` is what has arrived of an answer that is still awaited.
   */
  takeOver(): OpenConnection | undefined
  close(): void
}

export interface OpenConnection {
  readonly socket: Socket
  readonly received: Buffer | undefined
}

interface Exchange {
  answered(answer: HttpAnswer): void
  failed(error: DeliveryError): void
  received: Buffer
}

/**
 * One kept connection, and HTTP/1.1 on it by hand: a third of the CPU of Node's own client, which matters at
 * one report per second, and an agent that uses no HTTP need not load any. Nothing here is referenced: an
 * agent that has nothing left to do ends in mid-report.
 */
export const createConnection = (url: string, tls?: TlsSettings): Connection => {
  let socket: Socket | undefined
  let exchange: Exchange | undefined

  const finish = (reusable: boolean): Exchange | undefined => {
    const finished = exchange
    exchange = undefined
    if (!reusable) {
      socket?.destroy()
      socket = undefined
    }
    return finished
  }
  const fail = (reason: DeliveryError['reason'], message: string) =>
    finish(false)?.failed(new DeliveryError(reason, message))

  const look = (ended: boolean) => {
    if (exchange === undefined) return
    const answer = readHttpAnswer(exchange.received, ended)
    if (answer === 'broken') fail('unreachable', 'the answer is no HTTP')
    else if (answer !== undefined) finish(answer.reusable && !ended)?.answered(answer)
    else if (ended) fail('unreachable', 'the connection was closed')
  }

  const open = (): Socket => {
    const opened = openSocket(url, tls)
    const isCurrent = () => socket === opened
    const stopWatching = abandonWhenAlone(opened)
    opened.unref()
    opened.setNoDelay(true)
    opened.on('data', (chunk: Buffer) => {
      if (!isCurrent()) return
      // Nobody asked: not a server to trust with the next request.
      if (exchange === undefined) {
        finish(false)
        return
      }
      exchange.received = Buffer.concat([exchange.received, chunk])
      if (exchange.received.byteLength > maxAnswerBytes) fail('unreachable', 'the answer is too long')
      else look(false)
    })
    opened.on('end', () => {
      if (isCurrent()) look(true)
    })
    opened.on('error', (error: NodeJS.ErrnoException) => {
      if (isCurrent()) fail('unreachable', error.code ?? error.message)
    })
    opened.on('close', () => {
      stopWatching()
      if (isCurrent()) fail('unreachable', 'the connection was closed')
    })
    return opened
  }

  const attempt = (request: Buffer, timeoutMs: number): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => fail('timeout', `no answer within ${timeoutMs} ms`), timeoutMs)
      deadline.unref()
      exchange = {
        received: Buffer.alloc(0),
        answered(answer) {
          clearTimeout(deadline)
          resolve(answer)
        },
        failed(error) {
          clearTimeout(deadline)
          reject(error)
        },
      }
      socket ??= open()
      socket.write(request)
    })

  return {
    async exchange(request, timeoutMs) {
      const kept = socket !== undefined
      try {
        return await attempt(request, timeoutMs)
      } catch (error) {
        // A receiver may close a kept connection in the moment we use it: that is no failure yet.
        if (kept && (error as DeliveryError).reason === 'unreachable') return attempt(request, timeoutMs)
        throw error
      }
    },
    takeOver() {
      if (socket === undefined || socket.connecting || socket.writableLength > 0) return undefined
      return { socket, received: exchange?.received }
    },
    close: () => finish(false)?.failed(new DeliveryError('unreachable', 'shut down')),
  }
}

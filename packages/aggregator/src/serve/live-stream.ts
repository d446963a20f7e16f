import type { Duplex } from 'node:stream'
import { type LiveServerMessage, liveProtocolVersion } from '@perfmon/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from '../system/logger.ts'
import type { LiveView } from './live-view.ts'
import type { UpgradeDoor } from './route-upgrades.ts'

export interface LiveStreamOptions {
  readonly view: LiveView
  readonly nowMs: () => number
  readonly version: string
  readonly updateIntervalMs: number
  readonly rules: number
  readonly logger: Logger
}

export interface LiveStream {
  readonly upgrade: UpgradeDoor
  /** Refreshes the view and sends the update to everybody who listens. A tick that finds the last one running skips. */
  tick(nowMs: number): Promise<void>
  stats(): { readers: number; skippedUpdates: number; refusedReaders: number }
  close(): void
}

export const livePath = '/api/live'
const maxReaders = 500
/** Unsent bytes after which a reader is too slow: it misses updates and gets one snapshot when it has caught up. */
const maxBufferedBytes = 1_048_576
const pingEveryTicks = 30

interface Reader {
  isBehind: boolean
  isAlive: boolean
}

/** The live page's WebSocket: a snapshot first, then one update per tick, the same text for all. */
export function startLiveStream(options: LiveStreamOptions): LiveStream {
  const { view, nowMs, version, updateIntervalMs, rules, logger } = options
  // Readers only listen: a kilobyte is more than any of them has to say.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false })
  const readers = new Map<WebSocket, Reader>()
  const counts = { skippedUpdates: 0, refusedReaders: 0 }
  let isTicking = false
  let ticks = 0

  const refuse = (socket: Duplex, status: string) => {
    counts.refusedReaders += 1
    // Nobody times out a socket that asked to be upgraded: who never hangs up would keep it for ever.
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
  }

  const upgrade: UpgradeDoor = (request, socket, head) => {
    if (readers.size >= maxReaders) return refuse(socket, '503 Service Unavailable')
    sockets.handleUpgrade(request, socket, head, welcome)
  }

  function welcome(socket: WebSocket) {
    const reader: Reader = { isBehind: false, isAlive: true }
    readers.set(socket, reader)
    socket.on('pong', () => {
      reader.isAlive = true
    })
    socket.on('close', () => readers.delete(socket))
    socket.on('error', () => socket.terminate())
    send(socket, {
      type: 'hello',
      protocol: liveProtocolVersion,
      version,
      nowMs: nowMs(),
      updateIntervalMs,
      rules,
    })
    send(socket, view.snapshot(nowMs()))
  }

  function send(socket: WebSocket, message: LiveServerMessage) {
    socket.send(JSON.stringify(message))
  }

  function sendUpdate(text: string) {
    for (const [socket, reader] of readers) {
      if (socket.bufferedAmount > maxBufferedBytes) {
        reader.isBehind = true
        counts.skippedUpdates += 1
      } else if (reader.isBehind) {
        reader.isBehind = false
        send(socket, view.snapshot(nowMs()))
      } else socket.send(text)
    }
  }

  function dropDeadReaders() {
    for (const [socket, reader] of readers) {
      if (!reader.isAlive) socket.terminate()
      reader.isAlive = false
      socket.ping()
    }
  }

  return {
    upgrade,
    async tick(now) {
      if (isTicking) return
      isTicking = true
      try {
        const update = await view.refresh(now)
        if (readers.size > 0) sendUpdate(JSON.stringify(update))
        ticks += 1
        if (ticks % pingEveryTicks === 0) dropDeadReaders()
      } catch (error) {
        logger.warn({ err: error }, 'the live view could not be refreshed')
      } finally {
        isTicking = false
      }
    },
    stats: () => ({ readers: readers.size, ...counts }),
    close() {
      for (const socket of readers.keys()) socket.close(1001, 'the aggregator stops')
      sockets.close()
    },
  }
}

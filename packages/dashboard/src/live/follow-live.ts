import { type LiveServerMessage, liveProtocolVersion } from '@perfmon/protocol'
import { readLiveMessage } from './read-live-message.ts'

/**
 * How the page is joined to the aggregator.
 *
 *     connecting ──hello──▶ live ──closed or silent──▶ waiting ──retry──▶ connecting
 *         │ closed                                        ▲
 *         └───────────────────────────────────────────────┘
 *     any ──hello of another protocol──▶ outdated (the end: only a reload helps)
 */
export type Link =
  | { phase: 'connecting'; attempt: number }
  | { phase: 'live' }
  | { phase: 'waiting'; attempt: number; retryAtMs: number; reason: 'closed' | 'silent' | 'unreadable' }
  | { phase: 'outdated'; serverProtocol: number }

/** What following needs of a WebSocket. */
export interface LiveSocket {
  close(): void
}

export interface FollowLiveParts {
  /** Opens one connection and reports to the listeners until it is closed; `closed` comes at most once. */
  openSocket(listeners: { frame(data: unknown): void; closed(): void }): LiveSocket
  nowMs(): number
  /** 0 ≤ x < 1 */
  random(): number
  /** Calls once after `delayMs`; returns the way to call it off. */
  after(delayMs: number, call: () => void): () => void
  onMessage(message: LiveServerMessage): void
  onLink(link: Link): void
}

export interface FollowedLive {
  /** Drops the connection and asks anew at once: the answer begins with a fresh snapshot. */
  reconnect(): void
  stop(): void
}

/** Shortest and longest wait between two attempts. */
const firstRetryMs = 500
const longestRetryMs = 15_000

/** A link that says nothing for this many update intervals is taken for dead, though its socket is open. */
const silentIntervals = 10
const silentAtLeastMs = 10_000

/**
 * Wait before attempt `attempt` (1, 2, …): doubling, with half of it left to chance so that a hundred open
 * pages do not all come back in the same second to an aggregator that has just restarted.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10))
  return ceiling / 2 + (random * ceiling) / 2
}

export function followLive(parts: FollowLiveParts): FollowedLive {
  let socket: LiveSocket | null = null
  let attempt = 0
  let updateIntervalMs = 1000
  let cancelTimer = () => {}
  let stopped = false

  function connect(): void {
    cancelTimer()
    parts.onLink({ phase: 'connecting', attempt })
    const opened = parts.openSocket({
      // A socket that was given up may still speak: only the present one is heard.
      frame: (data) => socket === opened && receive(data),
      closed: () => socket === opened && retry('closed'),
    })
    socket = opened
    watchForSilence()
  }

  function receive(data: unknown): void {
    const message = readLiveMessage(data)
    if (message === null) {
      retry('unreadable')
      return
    }
    watchForSilence()
    if (message.type === 'hello') {
      if (message.protocol !== liveProtocolVersion) {
        giveUp(message.protocol)
        return
      }
      updateIntervalMs = message.updateIntervalMs
    }
    if (message.type === 'snapshot') {
      // Only a snapshot proves the link: a server that greets and hangs up must not reset the wait.
      attempt = 0
      parts.onLink({ phase: 'live' })
    }
    parts.onMessage(message)
  }

  function watchForSilence(): void {
    cancelTimer()
    const patienceMs = Math.max(silentAtLeastMs, silentIntervals * updateIntervalMs)
    cancelTimer = parts.after(patienceMs, () => retry('silent'))
  }

  function retry(reason: 'closed' | 'silent' | 'unreadable'): void {
    letGo()
    if (stopped) return
    attempt++
    const delayMs = retryDelayMs(attempt, parts.random())
    parts.onLink({ phase: 'waiting', attempt, retryAtMs: parts.nowMs() + delayMs, reason })
    cancelTimer = parts.after(delayMs, connect)
  }

  function giveUp(serverProtocol: number): void {
    letGo()
    stopped = true
    parts.onLink({ phase: 'outdated', serverProtocol })
  }

  function letGo(): void {
    cancelTimer()
    const old = socket
    socket = null
    old?.close()
  }

  connect()
  return {
    reconnect() {
      if (stopped) return
      letGo()
      connect()
    },
    stop() {
      stopped = true
      letGo()
    },
  }
}

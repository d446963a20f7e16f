import { coordinationAttributeNames as attribute } from '@perfmon/protocol/names'
import type { DurationHistogram } from '../record/duration-histogram.ts'
import { type CoordinationRecordings, messageAttributes } from './coordination-recordings.ts'
import type { MessageContext } from './message-context.ts'
import type { Origin } from './trace-headers.ts'

/** Other agents that are told apart; all others are one. */
const maxPeers = 100
const others = '_OTHER'

/** Why something is not known of a message. */
export type Gap = 'clock_skew' | 'late_headers' | 'rate_limited' | 'nobody_listened' | 'peer_overflow'

export interface MessageRecorder {
  sent(transport: string, bytes?: number): void
  /** Latency and sender are known only of messages that tell them. */
  received(message: {
    readonly transport: string
    readonly origin: Origin | undefined
    readonly atMs: number
    readonly bytes?: number | undefined
  }): void
  roundTrip(trip: { transport: string; peer: string | undefined; seconds: number }): void
  /** Of a message within the agent, which makes no edge. */
  latency(transport: string, seconds: number): void
  /** The message is dealt with: how many it caused. Only the first end counts. */
  ended(context: MessageContext): void
  gap(transport: string, why: Gap): void
}

export const createMessageRecorder = (recordings: CoordinationRecordings): MessageRecorder => {
  const { latencies, roundTrips, fanOuts, sizes, sent, received, gaps } = recordings
  const peers = new Set<string>()

  const gap = (transport: string, why: Gap) =>
    gaps.add(`${transport}|${why}`, 1, () => ({ ...messageAttributes(transport), [attribute.gap]: why }))

  const knownPeer = (peer: string, transport: string): string => {
    if (peers.has(peer)) return peer
    if (peers.size < maxPeers) {
      peers.add(peer)
      return peer
    }
    gap(transport, 'peer_overflow')
    return others
  }

  const record = (into: DurationHistogram, transport: string, peer: string | undefined, value: number) => {
    const key = `${transport}|${peer ?? ''}`
    into.record(into.find(key) ?? into.admit(key, messageAttributes(transport, peer)), value)
  }

  const size = (transport: string, direction: 'sent' | 'received', bytes: number | undefined) => {
    if (bytes === undefined) return
    const key = `${transport}|${direction}`
    const series =
      sizes.find(key) ??
      sizes.admit(key, { ...messageAttributes(transport), [attribute.direction]: direction })
    sizes.record(series, bytes)
  }

  return {
    sent(transport, bytes) {
      sent.add(transport, 1, () => messageAttributes(transport))
      size(transport, 'sent', bytes)
    },
    received({ transport, origin, atMs, bytes }) {
      const peer = origin === undefined ? undefined : knownPeer(origin.service, transport)
      received.add(`${transport}|${peer ?? ''}`, 1, () => messageAttributes(transport, peer))
      size(transport, 'received', bytes)
      if (origin === undefined) return
      const seconds = (atMs - origin.sentAtMs) / 1000
      // Received before it was sent: the clocks of two machines differ by more than the message took.
      if (seconds < 0) gap(transport, 'clock_skew')
      record(latencies, transport, peer, Math.max(0, seconds))
    },
    roundTrip({ transport, peer, seconds }) {
      record(roundTrips, transport, peer === undefined ? undefined : knownPeer(peer, transport), seconds)
    },
    latency: (transport, seconds) => record(latencies, transport, undefined, Math.max(0, seconds)),
    ended(context) {
      if (context.ended) return
      context.ended = true
      record(fanOuts, context.transport, undefined, context.caused)
    },
    gap,
  }
}

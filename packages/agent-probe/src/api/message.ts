import { probeApi } from './probe-api.ts'

/** What travels with a message: a plain object of texts, such as its headers. */
export type Carrier = Record<string, unknown>

export interface MessageSent {
  /** Gets `traceparent` and `tracestate`, as W3C Trace Context has them; a `traceparent` in it is joined. */
  readonly carrier?: Carrier
  /** What carries the message, such as `nats`; few different names. */
  readonly transport?: string
  readonly bytes?: number
}

export interface MessageReceived {
  /** What the sender's {@link MessageVerb.sent} filled. Without it latency and sender are unknown. */
  readonly carrier?: Carrier
  readonly transport?: string
  readonly bytes?: number
}

/** A question and its answer, timed by the agent itself. */
export interface RoundTrip {
  readonly seconds: number
  readonly transport?: string
  /** `service.name` of who answered. */
  readonly peer?: string
}

export interface MessageVerb {
  /**
   * Counts a message that is about to leave by a transport that the probe does not know, and puts the
   * sender and the time into its carrier.
   *
   * @returns the carrier: the one given, or a new one
   * @example socket.write(encode({ headers: message.sent({ transport: 'tcp' }), body }))
   */
  sent(message?: MessageSent): Carrier
  /**
   * Counts a message that arrived, measures how long it took, and does the work it asks for: messages sent
   * within are counted as caused by it.
   *
   * @example message.received({ transport: 'tcp', carrier: headers }, () => handle(body))
   */
  received<Result = void>(message: MessageReceived, work?: () => Result): Result
  roundTrip(trip: RoundTrip): void
}

export const message: MessageVerb = {
  sent(sent = {}) {
    const carrier = sent.carrier ?? {}
    probeApi()?.messageSent?.({ ...sent, carrier })
    return carrier
  },
  received<Result>(received: MessageReceived, work: () => Result = () => undefined as Result) {
    const api = probeApi()
    return api?.messageReceived === undefined ? work() : api.messageReceived(received, work)
  },
  roundTrip: (trip) => probeApi()?.roundTrip?.(trip),
}

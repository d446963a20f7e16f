import type { Alert } from '@perfmon/protocol'

/** What a channel is asked to tell. `key` stays the same over all attempts, so that a receiver can tell a repeat. */
export interface Notification {
  readonly key: string
  readonly alert: Alert
}

export type SendOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'try-again'; readonly reason: string; readonly retryAfterMs?: number }
  /** The receiver will never take this one: it is not tried again. */
  | { readonly kind: 'refused'; readonly reason: string }

/** A way to tell people. One file per kind, declared to `create-channels.ts`. */
export interface Channel {
  /** Unique among the channels; part of the idempotency key. */
  readonly name: string
  /** Never rejects: what went wrong is an outcome. */
  send(notification: Notification): Promise<SendOutcome>
}

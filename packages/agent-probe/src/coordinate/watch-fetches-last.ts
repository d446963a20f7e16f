import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FetchRequest } from './http-messages.ts'

const creation = 'undici:request:create'

/** Node's own list: there is no other way to know who is last. */
const ownList = (of: object) => (of as { _subscribers?: readonly unknown[] })._subscribers

/**
 * Subscribes to undici's new requests, and stays the last who does: the agent's own OpenTelemetry adds its
 * `traceparent` there, and two of them would be none. A request that is published before we moved is not marked.
 */
export const watchFetchesLast = (
  mark: (request: FetchRequest) => void,
  subscribersOf: (of: object) => readonly unknown[] | undefined = ownList,
): void => {
  const onCreate = (message: unknown) => {
    const subscribers = subscribersOf(channel(creation))
    if (subscribers?.at(-1) !== onCreate) {
      unsubscribe(creation, onCreate)
      subscribe(creation, onCreate)
      // A Node that keeps them elsewhere: we cannot know, move each time, and may once be too early.
      if (subscribers !== undefined) return
    }
    mark((message as { request: FetchRequest }).request)
  }
  subscribe(creation, onCreate)
}

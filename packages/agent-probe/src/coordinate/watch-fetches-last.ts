import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FetchRequest } from './http-messages.ts'

const creation = 'undici:request:create'

/**
 * Subscribes to undici's new requests, and stays the last who does: the agent's own OpenTelemetry adds its
 * `traceparent` there, and two of them would be none. A request that is published before we moved is not marked.
 */
export const watchFetchesLast = (mark: (request: FetchRequest) => void): void => {
  const onCreate = (message: unknown) => {
    const { _subscribers: subscribers } = channel(creation) as { _subscribers?: readonly unknown[] }
    if (subscribers !== undefined && subscribers.at(-1) !== onCreate) {
      unsubscribe(creation, onCreate)
      subscribe(creation, onCreate)
      return
    }
    mark((message as { request: FetchRequest }).request)
  }
  subscribe(creation, onCreate)
}

import type { Delivery, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import { isForPeople } from './alert-event.ts'
import type { Channel } from './channel.ts'
import { runChannel } from './run-channel.ts'
import { createWaker } from './waker.ts'

export interface NotifierOptions {
  readonly channels: readonly Channel[]
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
}

export interface Notifier {
  /** Waits until what is being sent has its answer; sends nothing new. */
  close(): Promise<void>
  stats(): { sent: number; retries: number; refused: number }
}

const cursorName = 'notifier'
const eventsPerRead = 500

/**
 * Events become deliveries, deliveries become notifications:
 *
 * 1. New events are read from the notifier's cursor. Each alert event gives one delivery per channel; cursor and
 *    deliveries move in one transaction, so a crash neither skips nor repeats an event.
 * 2. Each channel sends its deliveries by itself (`run-channel.ts`).
 * 3. The outcome is recorded. A crash between 2 and 3 sends once more with the same idempotency key.
 */
export function runNotifier({ channels, store, clock, logger }: NotifierOptions): Notifier {
  const runners = channels.map((channel) => runChannel({ channel, store, clock, logger }))
  let cursor: number | undefined
  let areGoneChannelsRefused = false
  let refusedOfGone = 0
  const waker = createWaker({ work: enqueueNewEvents, onError: heldUp })

  function heldUp(error: unknown) {
    logger.error({ err: error }, 'notifications are held up by the store; it is tried again')
    return 1_000
  }

  async function enqueueNewEvents(): Promise<null> {
    if (!areGoneChannelsRefused) await refuseGoneChannels()
    areGoneChannelsRefused = true
    cursor ??= await store.readCursor(cursorName)
    for (;;) {
      const events = await store.readEvents(cursor, eventsPerRead)
      const last = events.at(-1)
      if (!last) return null
      const nowMs = clock.nowMs()
      const deliveries = events
        .filter(isForPeople)
        .flatMap(({ seq }) => channels.map((channel) => newDelivery(channel.name, seq, nowMs)))
      await store.enqueueDeliveries(cursorName, last.seq, deliveries)
      cursor = last.seq
      if (deliveries.length > 0) for (const runner of runners) runner.wake()
    }
  }

  /** What waits for a channel that is no longer configured would wait for ever. */
  async function refuseGoneChannels() {
    const configured = new Set(channels.map((channel) => channel.name))
    const gone = (await store.waitingChannels()).filter((name) => !configured.has(name))
    for (const name of gone) {
      const error = 'the channel is no longer configured'
      logger.warn({ channel: name }, `notifications are not sent: ${error}`)
      for (;;) {
        const waiting = await store.waitingDeliveries(name, eventsPerRead)
        if (waiting.length === 0) break
        for (const delivery of waiting) {
          refusedOfGone += 1
          await store.updateDelivery({ ...delivery, state: 'refused', lastError: error })
        }
        const { eventSeq } = waiting[0]!
        const timeMs = clock.nowMs()
        await store.appendEvents([{ type: 'delivery-refused', timeMs, channel: name, eventSeq, error }])
      }
    }
  }

  store.onEvents(waker.wake)
  waker.wake()
  return {
    async close() {
      await waker.close()
      await Promise.all(runners.map((runner) => runner.close()))
    },
    stats() {
      const sum = { sent: 0, retries: 0, refused: refusedOfGone }
      for (const runner of runners) {
        const { sent, retries, refused } = runner.stats()
        sum.sent += sent
        sum.retries += retries
        sum.refused += refused
      }
      return sum
    },
  }
}

function newDelivery(channel: string, eventSeq: number, nowMs: number): Delivery {
  const waiting = { state: 'waiting', attempts: 0, nextAttemptMs: nowMs, lastError: null } as const
  return { key: `${channel}:${eventSeq}`, channel, eventSeq, ...waiting }
}

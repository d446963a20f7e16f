import { giveUpAfterAttempts, retryDelayMs } from '@perfmon/core'
import type { Delivery, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import { isForPeople } from './alert-event.ts'
import type { Channel } from './channel.ts'
import { createWaker } from './waker.ts'

export interface ChannelRunnerOptions {
  readonly channel: Channel
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
}

export interface ChannelRunner {
  /** There may be new deliveries. */
  wake(): void
  /** Waits until what is being sent has its answer; sends nothing new. */
  close(): Promise<void>
  stats(): { sent: number; retries: number; refused: number }
}

const deliveriesPerRead = 100

/**
 * Sends one channel's deliveries one after the other, oldest event first: an alert's end never overtakes its
 * beginning, also not over a restart. When a receiver does not answer, those behind wait with it: one attempt
 * finds out what a hundred would. Each channel runs alone, so one that hangs delays no other.
 */
export function runChannel({ channel, store, clock, logger }: ChannelRunnerOptions): ChannelRunner {
  const counts = { sent: 0, retries: 0, refused: 0 }
  let isFailing = false
  const waker = createWaker({ work: sendWaiting, onError: heldUp })

  function heldUp(error: unknown) {
    logger.error(
      { err: error, channel: channel.name },
      'notifications are held up by the store; it is tried again',
    )
    return 1_000
  }

  /** Returns after how long to look again, null when nothing waits. */
  async function sendWaiting(): Promise<number | null> {
    for (;;) {
      const waiting = await store.waitingDeliveries(channel.name, deliveriesPerRead)
      if (waiting.length === 0) return null
      for (const delivery of waiting) {
        if (waker.isClosed) return null
        const restMs = delivery.nextAttemptMs - clock.nowMs()
        if (restMs > 0) return restMs
        const after = await attempt(delivery)
        await store.updateDelivery(after)
        if (after.state === 'refused') await tellRefused(after)
        if (after.state === 'waiting') return Math.max(0, after.nextAttemptMs - clock.nowMs())
      }
    }
  }

  async function attempt(delivery: Delivery): Promise<Delivery> {
    const event = await store.readEvent(delivery.eventSeq)
    if (!event || !isForPeople(event)) return refused(delivery, 'its event is no longer kept')
    const outcome = await channel.send({ key: delivery.key, alert: event.alert })
    const attempts = delivery.attempts + 1
    if (outcome.kind === 'sent') {
      counts.sent += 1
      if (isFailing) logger.info({ channel: channel.name }, 'the channel takes notifications again')
      isFailing = false
      return { ...delivery, state: 'sent', attempts, lastError: null }
    }
    if (outcome.kind === 'refused' || attempts >= giveUpAfterAttempts) {
      return { ...refused(delivery, outcome.reason), attempts }
    }
    counts.retries += 1
    if (!isFailing)
      logger.warn(
        { channel: channel.name, reason: outcome.reason },
        'the channel takes no notifications; they wait',
      )
    isFailing = true
    const delayMs = retryDelayMs(attempts, clock.random(), outcome.retryAfterMs)
    return { ...delivery, attempts, nextAttemptMs: clock.nowMs() + delayMs, lastError: outcome.reason }
  }

  function refused(delivery: Delivery, reason: string): Delivery {
    counts.refused += 1
    return { ...delivery, state: 'refused', lastError: reason }
  }

  async function tellRefused({ channel: name, eventSeq, lastError }: Delivery) {
    logger.error({ channel: name, eventSeq, reason: lastError }, 'a notification was refused and is not sent')
    const timeMs = clock.nowMs()
    await store.appendEvents([
      { type: 'delivery-refused', timeMs, channel: name, eventSeq, error: lastError ?? '' },
    ])
  }

  waker.wake()
  return { wake: waker.wake, close: waker.close, stats: () => ({ ...counts }) }
}

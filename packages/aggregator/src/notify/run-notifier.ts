import { giveUpAfterAttempts, retryDelayMs } from '@perfmon/core'
import type { Event } from '@perfmon/protocol'
import type { Delivery, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Channel } from './channel.ts'

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
const deliveriesPerRead = 100

/**
 * Events become deliveries, deliveries become notifications:
 *
 * 1. New events are read from the notifier's cursor. Each alert event gives one delivery per channel; cursor and
 *    deliveries move in one transaction, so a crash neither skips nor repeats an event.
 * 2. Due deliveries are sent, per channel one after the other, oldest event first.
 * 3. The outcome is recorded. A crash between 2 and 3 sends once more with the same idempotency key.
 *
 * A channel whose receiver does not answer rests until its oldest delivery is due again: one attempt finds
 * out what a hundred would.
 */
export function runNotifier({ channels, store, clock, logger }: NotifierOptions): Notifier {
  const counts = { sent: 0, retries: 0, refused: 0 }
  const byName = new Map(channels.map((channel) => [channel.name, channel]))
  const failing = new Set<string>()
  const restUntilMs = new Map<string, number>()
  let cursor: number | undefined
  let isWoken = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  function wake() {
    isWoken = true
    if (isClosed || running !== undefined) return
    running = drain().finally(() => {
      running = undefined
      if (isWoken) wake()
    })
  }

  async function drain() {
    try {
      while (isWoken && !isClosed) {
        isWoken = false
        await enqueueNewEvents()
        await sendDue()
      }
      await sleepUntilDue()
    } catch (error) {
      if (isClosed) return
      logger.error({ err: error }, 'notifications are held up by the store; it is tried again')
      sleep(1_000)
    }
  }

  async function enqueueNewEvents() {
    cursor ??= await store.readCursor(cursorName)
    for (;;) {
      const events: Event[] = await store.readEvents(cursor, eventsPerRead)
      const last = events.at(-1)
      if (!last) return
      const deliveries = events.filter(isForPeople).flatMap((event) =>
        channels.map(
          (channel): Delivery => ({
            key: `${channel.name}:${event.seq}`,
            channel: channel.name,
            eventSeq: event.seq,
            state: 'waiting',
            attempts: 0,
            nextAttemptMs: clock.nowMs(),
            lastError: null,
          }),
        ),
      )
      await store.enqueueDeliveries(cursorName, last.seq, deliveries)
      cursor = last.seq
    }
  }

  async function sendDue() {
    for (;;) {
      const due = await store.dueDeliveries(clock.nowMs(), deliveriesPerRead)
      if (due.length === 0 || isClosed) return
      const perChannel = Map.groupBy(due, (delivery) => delivery.channel)
      await Promise.all([...perChannel].map(([name, queue]) => sendQueue(name, queue)))
    }
  }

  async function sendQueue(name: string, queue: readonly Delivery[]) {
    const channel = byName.get(name)
    for (const delivery of queue) {
      const restsUntilMs = restUntilMs.get(name) ?? 0
      if (restsUntilMs > clock.nowMs()) {
        // Behind one that failed: it waits as long, without an attempt of its own.
        await store.updateDelivery({ ...delivery, nextAttemptMs: restsUntilMs })
        continue
      }
      const after = channel
        ? await attempt(channel, delivery)
        : refused(delivery, 'the channel is no longer configured')
      await store.updateDelivery(after)
      if (after.state === 'waiting') restUntilMs.set(name, after.nextAttemptMs)
      if (after.state === 'refused') await tellRefused(after)
      if (isClosed) return
    }
  }

  async function attempt(channel: Channel, delivery: Delivery): Promise<Delivery> {
    const event = await store.readEvent(delivery.eventSeq)
    if (!event || !isForPeople(event)) return refused(delivery, 'its event is no longer kept')
    const outcome = await channel.send({ key: delivery.key, alert: event.alert })
    const attempts = delivery.attempts + 1
    if (outcome.kind === 'sent') {
      counts.sent += 1
      if (failing.delete(channel.name))
        logger.info({ channel: channel.name }, 'the channel takes notifications again')
      return { ...delivery, state: 'sent', attempts, lastError: null }
    }
    if (outcome.kind === 'refused' || attempts >= giveUpAfterAttempts) {
      return { ...refused(delivery, outcome.reason), attempts }
    }
    counts.retries += 1
    if (!failing.has(channel.name)) {
      failing.add(channel.name)
      logger.warn(
        { channel: channel.name, reason: outcome.reason },
        'the channel takes no notifications; they wait',
      )
    }
    const delayMs = retryDelayMs(attempts, clock.random(), outcome.retryAfterMs)
    return { ...delivery, attempts, nextAttemptMs: clock.nowMs() + delayMs, lastError: outcome.reason }
  }

  function refused(delivery: Delivery, reason: string): Delivery {
    counts.refused += 1
    return { ...delivery, state: 'refused', lastError: reason }
  }

  async function tellRefused({ channel, eventSeq, lastError }: Delivery) {
    logger.error({ channel, eventSeq, reason: lastError }, 'a notification was refused and is not sent')
    const timeMs = clock.nowMs()
    await store.appendEvents([
      { type: 'delivery-refused', timeMs, channel, eventSeq, error: lastError ?? '' },
    ])
  }

  async function sleepUntilDue() {
    const nextMs = await store.nextDeliveryMs()
    if (nextMs !== null) sleep(Math.max(0, nextMs - clock.nowMs()))
  }

  function sleep(delayMs: number) {
    clearTimeout(timer)
    if (!isClosed) timer = setTimeout(wake, Math.min(delayMs, 60_000))
  }

  store.onEvents(wake)
  wake()
  return {
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
    stats: () => ({ ...counts }),
  }
}

type AlertEvent = Extract<Event, { alert: unknown }>

/** Alerts are for people; everything else in the list is for screens and reports. */
function isForPeople(event: Event): event is AlertEvent {
  return event.type === 'alert-active' || event.type === 'alert-severity' || event.type === 'alert-resolved'
}

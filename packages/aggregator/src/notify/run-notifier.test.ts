import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alert, NewEvent } from '@perfmon/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { createLogger } from '../system/logger.ts'
import type { Channel, Notification, SendOutcome } from './channel.ts'
import { type Notifier, runNotifier } from './run-notifier.ts'

const logger = createLogger({ level: 'silent' })
let dir: string
let store: Store
let notifier: Notifier | undefined

const open = () => openStore({ dir, nowMs: Date.now, retention: { days: 30, bytes: 1e9 }, warn: () => {} })
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perfmon-notifier-'))
  store = await open()
})
afterEach(async () => {
  await notifier?.close()
  await store.close()
  await rm(dir, { recursive: true })
})

const alert = (name: string): Alert => ({
  id: name,
  fingerprint: name,
  rule: 'R',
  severity: 'critical',
  state: 'active',
  labels: { agent: name },
  summary: name,
  unit: '',
  value: 1,
  threshold: 1,
  pendingSinceMs: 1,
  activeSinceMs: 1,
  resolvedAtMs: null,
  resolveReason: null,
  updatedAtMs: 1,
})
const active = (name: string): NewEvent => ({ type: 'alert-active', alert: alert(name), timeMs: Date.now() })
const raise = (...names: string[]) => store.recordAlerts(names.map(alert), names.map(active))

/** A channel that answers what `outcome` says and tells `heard` of it. */
function channel(outcome: (attempt: number, notification: Notification) => SendOutcome, name = 'test') {
  const keys: string[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const port: Channel = {
    name,
    async send(notification) {
      const answer = outcome(keys.length, notification)
      keys.push(`${notification.alert.summary}/${answer.kind}`)
      for (const one of waiting) if (keys.length >= one.count) one.resolve()
      return answer
    },
  }
  const heard = (count: number) =>
    keys.length >= count
      ? Promise.resolve()
      : new Promise<void>((resolve) => waiting.push({ count, resolve }))
  return { port, keys, heard }
}
const start = (...channels: Channel[]) => {
  notifier = runNotifier({ channels, store, clock: { nowMs: Date.now, random: () => 0 }, logger })
}

test('each alert event goes to each channel once, in order', async () => {
  const one = channel(() => ({ kind: 'sent' }), 'one')
  const two = channel(() => ({ kind: 'sent' }), 'two')
  start(one.port, two.port)
  await store.appendEvents([{ type: 'aggregator-started', timeMs: 1, version: '1' }])
  await raise('a', 'b')
  await raise('c')
  await Promise.all([one.heard(3), two.heard(3)])
  expect(one.keys).toEqual(['a/sent', 'b/sent', 'c/sent'])
  expect(two.keys).toEqual(one.keys)
})

test('a receiver that does not answer is tried again; those behind wait for it', async () => {
  const failing = channel((attempt) =>
    attempt === 0 ? { kind: 'try-again', reason: 'away' } : { kind: 'sent' },
  )
  start(failing.port)
  await raise('a', 'b')
  await failing.heard(3)
  expect(failing.keys).toEqual(['a/try-again', 'a/sent', 'b/sent'])
})

test('a channel that hangs delays no other', async () => {
  let answer: (outcome: SendOutcome) => void = () => {}
  const hanging: Channel = { name: 'hanging', send: () => new Promise((resolve) => (answer = resolve)) }
  const quick = channel(() => ({ kind: 'sent' }), 'quick')
  start(hanging, quick.port)
  await raise('a')
  await quick.heard(1)
  await raise('b')
  await quick.heard(2)
  expect(quick.keys).toEqual(['a/sent', 'b/sent'])
  answer({ kind: 'refused', reason: 'enough' })
})

test('a notification that is refused for good is told in the event list and does not hold up the next', async () => {
  const picky = channel((_attempt, { alert: { summary } }) =>
    summary === 'a' ? { kind: 'refused', reason: 'it answered 400' } : { kind: 'sent' },
  )
  start(picky.port)
  await raise('a', 'b')
  await picky.heard(2)
  await notifier!.close()
  expect(picky.keys).toEqual(['a/refused', 'b/sent'])
  const events = await store.readEvents(0, 100)
  expect(events.at(-1)).toMatchObject({ type: 'delivery-refused', channel: 'test', error: 'it answered 400' })
})

test('after a restart only what was not sent goes out', async () => {
  const before = channel((attempt) =>
    attempt === 0 ? { kind: 'sent' } : { kind: 'try-again', reason: 'away', retryAfterMs: 1_000 },
  )
  start(before.port)
  await raise('a')
  await before.heard(1)
  await raise('b')
  await before.heard(2)
  await notifier!.close()
  await store.close()

  store = await open()
  const after = channel(() => ({ kind: 'sent' }))
  start(after.port)
  await after.heard(1)
  expect(after.keys).toEqual(['b/sent'])
})

test('a delivery of a channel that is gone from the configuration is refused, not kept for ever', async () => {
  const gone = channel(() => ({ kind: 'try-again', reason: 'away' }), 'gone')
  start(gone.port)
  await raise('a')
  await gone.heard(1)
  await notifier!.close()
  const other = channel(() => ({ kind: 'sent' }), 'other')
  start(other.port)
  await new Promise<void>((resolve) => store.onEvents(resolve))
  const refusal = (await store.readEvents(0, 100)).find((event) => event.type === 'delivery-refused')
  expect(refusal).toMatchObject({ channel: 'gone', error: expect.stringMatching(/no longer configured/) })
})

import { expect, test } from 'vitest'
import { createCoordinationRecordings } from './coordination-recordings.ts'
import { createMessageContexts } from './message-context.ts'
import { createOpenEnds } from './open-ends.ts'
import { createMessageRecorder } from './record-messages.ts'

const start = () => {
  const recordings = createCoordinationRecordings({ isOpen: true })
  return { recordings, messages: createMessageRecorder(recordings) }
}
const origin = (service: string, sentAtMs: number) => ({ service, instance: 'i', sentAtMs })
const gaps = ({ recordings }: ReturnType<typeof start>) =>
  Object.fromEntries(
    recordings.gaps.series.map(({ attributes, value }) => [attributes['perfmon.message.gap.reason'], value]),
  )

test('a message that arrives before it was sent took no time, and is counted', () => {
  const started = start()
  started.messages.received({ transport: 'http', origin: origin('a', 1000), atMs: 990 })
  started.messages.received({ transport: 'http', origin: origin('a', 1000), atMs: 1250 })
  expect(started.recordings.latencies.series[0]).toMatchObject({ count: 2, min: 0, max: 0.25 })
  expect(gaps(started)).toEqual({ clock_skew: 1 })
})

test('a hundred agents are told apart, the others are one and counted', () => {
  const started = start()
  for (let peer = 0; peer < 130; peer++) {
    started.messages.received({ transport: 'http', origin: origin(`agent-${peer}`, 0), atMs: 1 })
  }
  const { series } = started.recordings.latencies
  expect(series).toHaveLength(101)
  expect(series.at(-1)).toMatchObject({ attributes: { 'service.peer.name': '_OTHER' }, count: 30 })
  expect(gaps(started)).toEqual({ peer_overflow: 30 })
})

test('nobody is guessed: a message of unknown origin is counted, and makes no edge', () => {
  const { recordings, messages } = start()
  messages.received({ transport: 'ipc', origin: undefined, atMs: 1 })
  expect(recordings.received.series).toMatchObject([{ attributes: { 'perfmon.message.transport': 'ipc' } }])
  expect(recordings.latencies.series).toHaveLength(0)
})

test('what has no end is counted for ten seconds, and a thousand of them at a time', () => {
  const { recordings, messages } = start()
  const contexts = createMessageContexts(undefined, () => '01')
  let nowMs = 0
  const ends = createOpenEnds(messages, () => nowMs)
  const ended = () => recordings.fanOuts.total.count
  ends.add(contexts.open({ transport: 'ipc' }))
  nowMs = 9_999
  ends.settle(false)
  expect(ended()).toBe(0)
  nowMs = 10_000
  ends.settle(false)
  expect(ended()).toBe(1)
  for (let message = 0; message < 1200; message++) ends.add(contexts.open({ transport: 'ipc' }))
  expect(ended()).toBe(201)
  ends.settle(true)
  expect(ended()).toBe(1201)
})

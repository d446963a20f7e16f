import type { LiveServerMessage } from '@perfmon/protocol'
import { expect, it } from 'vitest'
import { sampleSnapshot, sampleUpdate } from '../../fake-aggregator/sample-records.ts'
import { followLive, type Link, retryDelayMs } from './follow-live.ts'

/** A socket, a clock and a timer that do what the test says. */
function fakeEdges() {
  const sockets: { frame(data: unknown): void; closed(): void; open: boolean }[] = []
  const links: Link[] = []
  const messages: LiveServerMessage[] = []
  let timer: { delayMs: number; call: () => void } | null = null
  const live = followLive({
    openSocket(listeners) {
      const socket = { ...listeners, open: true }
      sockets.push(socket)
      return {
        close: () => {
          socket.open = false
        },
      }
    },
    nowMs: () => 1000,
    random: () => 0,
    after(delayMs, call) {
      const mine = { delayMs, call }
      timer = mine
      return () => {
        if (timer === mine) timer = null
      }
    },
    onMessage: (message) => messages.push(message),
    onLink: (link) => links.push(link),
  })
  return {
    live,
    sockets,
    links,
    messages,
    say: (message: object) => sockets.at(-1)?.frame(JSON.stringify(message)),
    waitedMs: () => timer?.delayMs,
    elapse() {
      const due = timer
      timer = null
      due?.call()
    },
  }
}

const hello = { type: 'hello', protocol: 1, version: '1', nowMs: 5, updateIntervalMs: 1000, rules: 5 }

it('is live with the first snapshot and passes messages on', () => {
  const edges = fakeEdges()
  edges.say(hello)
  expect(edges.links).toEqual([{ phase: 'connecting', attempt: 0 }])
  edges.say(sampleSnapshot())
  edges.say(sampleUpdate())
  expect(edges.links.at(-1)).toEqual({ phase: 'live' })
  expect(edges.messages.map(({ type }) => type)).toEqual(['hello', 'snapshot', 'metrics:update'])
})

it('waits longer after every failure and anew after a snapshot', () => {
  const edges = fakeEdges()
  edges.sockets.at(-1)?.closed()
  expect(edges.links.at(-1)).toEqual({ phase: 'waiting', attempt: 1, retryAtMs: 1500, reason: 'closed' })
  edges.elapse()
  edges.say(hello)
  edges.sockets.at(-1)?.closed()
  expect(edges.links.at(-1)).toMatchObject({ attempt: 2, retryAtMs: 2000 })
  edges.elapse()
  edges.say(sampleSnapshot())
  edges.sockets.at(-1)?.closed()
  expect(edges.links.at(-1)).toMatchObject({ attempt: 1 })
})

it('gives up a connection that is open and says nothing', () => {
  const edges = fakeEdges()
  edges.say(hello)
  expect(edges.waitedMs()).toBe(10_000)
  edges.elapse()
  expect(edges.sockets[0]?.open).toBe(false)
  expect(edges.links.at(-1)).toMatchObject({ phase: 'waiting', reason: 'silent' })
})

it('starts afresh when it cannot read what comes', () => {
  const edges = fakeEdges()
  edges.sockets[0]?.frame('<html>')
  expect(edges.links.at(-1)).toMatchObject({ phase: 'waiting', reason: 'unreadable' })
})

it('hears no socket that it has left', () => {
  const edges = fakeEdges()
  edges.live.reconnect()
  edges.sockets[0]?.frame(JSON.stringify(sampleSnapshot()))
  edges.sockets[0]?.closed()
  expect(edges.messages).toEqual([])
  expect(edges.links.at(-1)).toMatchObject({ phase: 'connecting' })
  edges.say(sampleSnapshot())
  expect(edges.links.at(-1)).toEqual({ phase: 'live' })
})

it('ends with an aggregator of another protocol', () => {
  const edges = fakeEdges()
  edges.say({ ...hello, protocol: 99 })
  expect(edges.links.at(-1)).toEqual({ phase: 'outdated', serverProtocol: 99 })
  edges.live.reconnect()
  expect(edges.sockets).toHaveLength(1)
})

it('never waits longer than fifteen seconds, nor less than half of what is due', () => {
  expect(retryDelayMs(1, 0)).toBe(500)
  expect(retryDelayMs(1, 0.999)).toBeLessThan(1000)
  expect(retryDelayMs(50, 0.999)).toBeLessThanOrEqual(15_000)
  expect(retryDelayMs(50, 0)).toBe(7500)
})

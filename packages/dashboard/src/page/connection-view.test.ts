import { expect, it } from 'vitest'
import type { Link } from '../live/follow-live.ts'
import { isStale, viewConnection } from './connection-view.ts'

function view(link: Link, parts: { ready?: boolean; nowMs?: number; updateIntervalMs?: number } = {}) {
  return viewConnection({
    link,
    ready: true,
    nowMs: 10_000,
    lastMessageMs: 10_000,
    updateIntervalMs: 1000,
    ...parts,
  })
}

const waiting: Link = { phase: 'waiting', attempt: 2, retryAtMs: 12_000, reason: 'closed' }

it('tells the first try from the failed ones and both from a loss', () => {
  expect(view({ phase: 'connecting', attempt: 0 }, { ready: false })).toEqual({ kind: 'loading' })
  expect(view(waiting, { ready: false })).toEqual({ kind: 'unreachable', attempt: 2, retryInMs: 2000 })
  expect(view(waiting, { nowMs: 11_000 })).toEqual({ kind: 'lost', ageMs: 1000, attempt: 2, retryInMs: 1000 })
  expect(view({ phase: 'connecting', attempt: 2 })).toMatchObject({ kind: 'lost', retryInMs: null })
})

it('takes an open connection without news for late, by its own interval', () => {
  expect(view({ phase: 'live' }, { nowMs: 14_000 })).toEqual({ kind: 'live' })
  expect(view({ phase: 'live' }, { nowMs: 16_000 })).toEqual({ kind: 'late', ageMs: 6000 })
  expect(view({ phase: 'live' }, { nowMs: 16_000, updateIntervalMs: 10_000 })).toEqual({ kind: 'live' })
})

it('calls stale whatever is shown and not fresh', () => {
  expect(isStale(view({ phase: 'live' }))).toBe(false)
  expect(isStale(view(waiting))).toBe(true)
  expect(isStale(view(waiting, { ready: false }))).toBe(false)
  expect(isStale(view({ phase: 'outdated', serverProtocol: 2 }))).toBe(true)
})

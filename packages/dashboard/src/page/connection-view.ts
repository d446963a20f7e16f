import type { Link } from '../live/follow-live.ts'

/**
 * What the page says of its connection.
 * `loading`: nothing seen yet, first try. `unreachable`: nothing seen yet, and tries failed.
 * `live`: data is fresh. `late`: joined, but no news for three intervals. `lost`: was live, now trying again.
 * `outdated`: the aggregator speaks another protocol.
 */
export type ConnectionView =
  | { kind: 'loading' }
  | { kind: 'unreachable'; attempt: number; retryInMs: number | null }
  | { kind: 'live' }
  | { kind: 'late'; ageMs: number }
  | { kind: 'lost'; ageMs: number; attempt: number; retryInMs: number | null }
  | { kind: 'outdated'; serverProtocol: number }

/** News later than this many update intervals is late; never before five seconds. */
const lateIntervals = 3
const lateAtLeastMs = 5_000

export function viewConnection(facts: {
  link: Link
  /** A snapshot was seen, so there is something on the screen. */
  ready: boolean
  /** This machine's clock: now, and at the last message. */
  nowMs: number
  lastMessageMs: number
  updateIntervalMs: number
}): ConnectionView {
  const { link, ready, nowMs, lastMessageMs, updateIntervalMs } = facts
  const ageMs = Math.max(0, nowMs - lastMessageMs)
  if (link.phase === 'outdated') return { kind: 'outdated', serverProtocol: link.serverProtocol }
  if (link.phase === 'live') {
    const late = ageMs > Math.max(lateAtLeastMs, lateIntervals * updateIntervalMs)
    return late ? { kind: 'late', ageMs } : { kind: 'live' }
  }
  const retryInMs = link.phase === 'waiting' ? Math.max(0, link.retryAtMs - nowMs) : null
  if (ready) return { kind: 'lost', ageMs, attempt: link.attempt, retryInMs }
  if (link.attempt === 0) return { kind: 'loading' }
  return { kind: 'unreachable', attempt: link.attempt, retryInMs }
}

/** What is on the screen is no longer how things are. */
export function isStale(view: ConnectionView): boolean {
  return view.kind === 'late' || view.kind === 'lost' || view.kind === 'outdated'
}

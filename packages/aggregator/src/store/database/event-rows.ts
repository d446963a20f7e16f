import type { Event, NewEvent } from '@perfmon/protocol'
import type { Database } from './open-database.ts'

export interface EventRows {
  append(events: readonly NewEvent[]): void
  after(seq: number, limit: number): Event[]
  one(seq: number): Event | null
  /** Newest `seq` ever given, also when retention removed its event. */
  lastSeq(): number
  /** `seq` of the oldest event that is kept, and how many there can be from it on; null when there is none. */
  oldest(): { seq: number; timeMs: number } | null
  /** The first `limit` events, oldest first. */
  head(limit: number): { seq: number; timeMs: number }[]
  removeUpTo(seq: number): void
  count(): number
}

export const createEventRows = ({ db }: Database): EventRows => {
  const insert = db.prepare('INSERT INTO events (time_ms, body) VALUES (?, ?)')
  const selectAfter = db.prepare('SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?')
  const selectOne = db.prepare('SELECT seq, body FROM events WHERE seq = ?')
  const selectLast = db.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'events'`)
  const selectHead = db.prepare('SELECT seq, time_ms FROM events ORDER BY seq LIMIT ?')
  const remove = db.prepare('DELETE FROM events WHERE seq <= ?')
  const eventOf = (row: Record<string, unknown>): Event => ({
    ...JSON.parse(String(row.body)),
    seq: row.seq as number,
  })
  const head = (limit: number) =>
    selectHead.all(limit).map((row) => ({ seq: Number(row.seq), timeMs: Number(row.time_ms) }))
  const lastSeq = (): number => Number(selectLast.get()?.seq ?? 0)

  return {
    append(events) {
      for (const event of events) insert.run(event.timeMs, JSON.stringify(event))
    },
    after: (seq, limit) => selectAfter.all(seq, limit).map(eventOf),
    one(seq) {
      const row = selectOne.get(seq)
      return row === undefined ? null : eventOf(row)
    },
    lastSeq,
    oldest: () => head(1)[0] ?? null,
    head,
    removeUpTo: (seq) => void remove.run(seq),
    // Removed from the front only, so what is left has no holes: no need to count a million rows.
    count: () => {
      const first = head(1)[0]
      return first === undefined ? 0 : lastSeq() - first.seq + 1
    },
  }
}

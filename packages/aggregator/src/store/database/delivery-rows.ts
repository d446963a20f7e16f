import type { Delivery } from '../store.ts'
import type { Database } from './open-database.ts'

export interface DeliveryRows {
  cursor(reader: string): number
  moveCursor(reader: string, seq: number): void
  /** Known keys are left as they are. */
  enqueue(deliveries: readonly Delivery[]): void
  update(delivery: Delivery): void
  /** Of one channel, oldest event first. */
  waiting(channel: string, limit: number): Delivery[]
  waitingChannels(): string[]
  /** Removes at most `limit` deliveries that are done and whose event is gone; how many it were. */
  removeDoneBefore(eventSeq: number, limit: number): number
}

export const createDeliveryRows = ({ db }: Database): DeliveryRows => {
  const selectCursor = db.prepare('SELECT seq FROM cursors WHERE reader = ?')
  const replaceCursor = db.prepare('INSERT OR REPLACE INTO cursors (reader, seq) VALUES (?, ?)')
  const columns = '(key, event_seq, state, next_attempt_ms, body) VALUES (?, ?, ?, ?, ?)'
  const insert = db.prepare(`INSERT OR IGNORE INTO deliveries ${columns}`)
  const replace = db.prepare(`INSERT OR REPLACE INTO deliveries ${columns}`)
  const selectWaiting = db.prepare(
    `SELECT body FROM deliveries WHERE state = 'waiting' AND body ->> 'channel' = ? ORDER BY event_seq LIMIT ?`,
  )
  const selectChannels = db.prepare(
    `SELECT DISTINCT body ->> 'channel' AS channel FROM deliveries WHERE state = 'waiting'`,
  )
  const remove = db.prepare(
    `DELETE FROM deliveries WHERE key IN
       (SELECT key FROM deliveries WHERE event_seq < ? AND state <> 'waiting' LIMIT ?)`,
  )
  const valuesOf = (delivery: Delivery) =>
    [
      delivery.key,
      delivery.eventSeq,
      delivery.state,
      delivery.nextAttemptMs,
      JSON.stringify(delivery),
    ] as const

  return {
    cursor: (reader) => Number(selectCursor.get(reader)?.seq ?? 0),
    moveCursor: (reader, seq) => void replaceCursor.run(reader, seq),
    enqueue(deliveries) {
      for (const delivery of deliveries) insert.run(...valuesOf(delivery))
    },
    update: (delivery) => void replace.run(...valuesOf(delivery)),
    waiting: (channel, limit) =>
      selectWaiting.all(channel, limit).map((row) => JSON.parse(String(row.body)) as Delivery),
    waitingChannels: () => selectChannels.all().map((row) => String(row.channel)),
    removeDoneBefore: (eventSeq, limit) => Number(remove.run(eventSeq, limit).changes),
  }
}

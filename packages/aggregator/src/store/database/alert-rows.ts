import type { Alert, AlertState } from '@perfmon/protocol'
import type { Database } from './open-database.ts'

export interface AlertRows {
  record(alerts: readonly Alert[]): void
  /** Newest update first. */
  list(states: readonly AlertState[], limit: number): Alert[]
  /** Removes at most `limit` resolved alerts that were last updated before; how many it were. */
  removeResolvedBefore(beforeMs: number, limit: number): number
}

export const createAlertRows = ({ db }: Database): AlertRows => {
  const replace = db.prepare(
    'INSERT OR REPLACE INTO alerts (id, state, updated_ms, body) VALUES (?, ?, ?, ?)',
  )
  const select = db.prepare(
    'SELECT updated_ms, body FROM alerts WHERE state = ? ORDER BY updated_ms DESC LIMIT ?',
  )
  const remove = db.prepare(
    `DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE state = 'resolved' AND updated_ms < ? LIMIT ?)`,
  )
  return {
    record(alerts) {
      for (const alert of alerts) replace.run(alert.id, alert.state, alert.updatedAtMs, JSON.stringify(alert))
    },
    list: (states, limit) =>
      // State by state, each from the index: one query for all would sort the whole history.
      [...new Set(states)]
        .flatMap((state) => select.all(state, limit))
        .sort((a, b) => Number(b.updated_ms) - Number(a.updated_ms))
        .slice(0, limit)
        .map((row) => JSON.parse(String(row.body)) as Alert),
    removeResolvedBefore: (beforeMs, limit) => Number(remove.run(beforeMs, limit).changes),
  }
}

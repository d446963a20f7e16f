import type { Series } from '@perfmon/protocol'
import type { Database } from './open-database.ts'

export interface SeriesRows {
  /** Series already there are left as they are: what an id means never changes. */
  add(series: readonly Series[]): void
  all(): Series[]
  remove(id: number): void
}

export const createSeriesRows = ({ db }: Database): SeriesRows => {
  const insert = db.prepare('INSERT OR IGNORE INTO series (id, agent_id, body) VALUES (?, ?, ?)')
  const select = db.prepare('SELECT id, agent_id, body FROM series ORDER BY id')
  const remove = db.prepare('DELETE FROM series WHERE id = ?')
  return {
    add(series) {
      for (const { id, agentId, ...body } of series) insert.run(id, agentId, JSON.stringify(body))
    },
    all: () =>
      select
        .all()
        .map((row) => ({ id: row.id, agentId: row.agent_id, ...JSON.parse(String(row.body)) }) as Series),
    remove: (id) => void remove.run(id),
  }
}

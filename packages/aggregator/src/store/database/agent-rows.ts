import type { Agent } from '@perfmon/protocol'
import type { Database } from './open-database.ts'

export interface AgentRows {
  save(agents: readonly Agent[]): void
  all(): Agent[]
  remove(id: string): void
}

export const createAgentRows = ({ db }: Database): AgentRows => {
  const replace = db.prepare(
    `INSERT INTO agents (id, last_seen_ms, body) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET last_seen_ms = excluded.last_seen_ms, body = excluded.body`,
  )
  const select = db.prepare('SELECT body FROM agents ORDER BY rowid')
  const remove = db.prepare('DELETE FROM agents WHERE id = ?')
  return {
    save(agents) {
      for (const agent of agents) replace.run(agent.id, agent.lastSeenMs, JSON.stringify(agent))
    },
    all: () => select.all().map((row) => JSON.parse(String(row.body)) as Agent),
    remove: (id) => void remove.run(id),
  }
}

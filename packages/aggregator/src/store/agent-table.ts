import type { Agent } from '@perfmon/protocol'

/**
 * The agents as they are now. One writer, the receive stage, which also saves them; everybody else reads.
 * Kept in memory beside the stored table because every sample touches it and every screen shows it.
 */
export interface AgentTable {
  get(id: string): Agent | undefined
  /** Every agent, in the order they joined. The array is the caller's. */
  list(): Agent[]
  put(agent: Agent): void
  remove(id: string): void
  readonly size: number
  /** Called with the id of an agent that was removed. */
  onRemoved(listener: (id: string) => void): void
}

export function createAgentTable(stored: readonly Agent[]): AgentTable {
  const agents = new Map(stored.map((agent) => [agent.id, agent]))
  const listeners: ((id: string) => void)[] = []
  return {
    get: (id) => agents.get(id),
    list: () => [...agents.values()],
    put: (agent) => void agents.set(agent.id, agent),
    remove(id) {
      if (agents.delete(id)) for (const listener of listeners) listener(id)
    },
    get size() {
      return agents.size
    },
    onRemoved: (listener) => void listeners.push(listener),
  }
}

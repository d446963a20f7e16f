import type { Agent } from '@perfmon/protocol'

/**
 * The agents as they are now. One writer, the receive stage, which also saves them; everybody else reads.
 * Kept in memory beside the stored table because every sample touches it and every screen shows it.
 */
export interface AgentTable {
  get(id: string): Agent | undefined
  /** Every agent, in the order they joined, without collectors, which are none. The array is the caller's. */
  list(): Agent[]
  /** The rows of the aggregator's own collectors. */
  collectors(): Agent[]
  put(agent: Agent): void
  remove(id: string): void
  /** How many agents. */
  readonly size: number
  /** Called with the id of an agent that was removed. */
  onRemoved(listener: (id: string) => void): void
}

export function createAgentTable(stored: readonly Agent[]): AgentTable {
  const agents = new Map(stored.map((agent) => [agent.id, agent]))
  const one = (agent: Agent | undefined) => (agent?.source === 'collector' ? 1 : 0)
  let collectors = stored.filter(one).length
  const listeners: ((id: string) => void)[] = []
  return {
    get: (id) => agents.get(id),
    list: () => [...agents.values()].filter((agent) => agent.source !== 'collector'),
    collectors: () => [...agents.values()].filter((agent) => agent.source === 'collector'),
    put(agent) {
      collectors += one(agent) - one(agents.get(agent.id))
      agents.set(agent.id, agent)
    },
    remove(id) {
      collectors -= one(agents.get(id))
      if (agents.delete(id)) for (const listener of listeners) listener(id)
    },
    get size() {
      return agents.size - collectors
    },
    onRemoved: (listener) => void listeners.push(listener),
  }
}

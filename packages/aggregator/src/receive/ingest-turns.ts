/**
 * Whose samples are being settled. A request that must ask the store something between taking its samples and
 * handing them over has a turn for its agents; other requests of the same agents wait, because their samples must
 * reach the store in the order in which they were taken. Nobody else waits.
 */
export interface IngestTurns {
  /** The turn that one of the agents is in; wait for it and ask again. */
  ofAny(agentIds: readonly string[]): Promise<void> | undefined
  /** Begins a turn for agents that are in none; the answer ends it. */
  begin(agentIds: readonly string[]): () => void
}

export function createIngestTurns(): IngestTurns {
  const turns = new Map<string, Promise<void>>()
  return {
    ofAny(agentIds) {
      if (turns.size === 0) return undefined
      for (const id of agentIds) {
        const turn = turns.get(id)
        if (turn !== undefined) return turn
      }
      return undefined
    },
    begin(agentIds) {
      let end = () => {}
      const turn = new Promise<void>((resolve) => {
        end = resolve
      })
      for (const id of agentIds) turns.set(id, turn)
      return () => {
        for (const id of agentIds) turns.delete(id)
        end()
      }
    },
  }
}

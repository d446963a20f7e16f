import { attributeNames } from '@perfmon/protocol'
import type { AgentTable } from '../store/agent-table.ts'

/**
 * Who an address may speak as. While a connection lasts its first id is its id: an agent that took a new one with
 * every answer would fill the agent table. Nobody speaks as another address, or as an agent that reports by
 * itself, unless that one says the address is its own.
 */
export interface PolledIdentities {
  /** Whether the agent at `url` may speak as `id`. */
  admits(url: string, id: string): boolean
  /** The connection ended: a restarted process may have another id. */
  forget(url: string): void
}

export function createPolledIdentities(agents: AgentTable): PolledIdentities {
  const idOf = new Map<string, string>()
  const urlOf = new Map<string, string>()
  return {
    admits(url, id) {
      const own = idOf.get(url)
      if (own !== undefined) return own === id
      const known = agents.get(id)
      // An agent that listens and dials out has two addresses, and says so in its reports.
      const isItsOwn =
        known?.attributes[attributeNames.agentWebSocketUrl] === url ||
        known?.attributes[attributeNames.agentDialAddress] === url
      const owner = urlOf.get(id)
      if (!isItsOwn && ((owner !== undefined && owner !== url) || known?.source === 'otlp')) return false
      idOf.set(url, id)
      urlOf.set(id, url)
      return true
    },
    forget(url) {
      const id = idOf.get(url)
      idOf.delete(url)
      if (id !== undefined && urlOf.get(id) === url) urlOf.delete(id)
    },
  }
}

import type { Store } from '../store/store.ts'
import type { Logger } from '../system/logger.ts'
import type { AgentRegister } from './agent-register.ts'

export interface RegisterRunnerOptions {
  readonly agents: AgentRegister
  readonly store: Store
  readonly logger: Logger
}

/** Notices who fell silent and saves what changed. Call once a second; a call that finds the last one running skips. */
export function createRegisterRunner({ agents, store, logger }: RegisterRunnerOptions) {
  let isRunning = false
  return async function runRegister(nowMs: number): Promise<void> {
    if (isRunning) return
    isRunning = true
    agents.sweep(nowMs)
    const changes = agents.takeChanges()
    try {
      if (changes.agents.length > 0 || changes.events.length > 0)
        await store.saveAgents(changes.agents, changes.events)
    } catch (error) {
      agents.keep(changes)
      logger.error({ err: error }, 'the agents could not be saved; it is tried again')
    } finally {
      isRunning = false
    }
  }
}

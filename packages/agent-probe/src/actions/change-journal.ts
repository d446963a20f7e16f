import type { ActionArgs, AgentChange } from '@perfmon/protocol'
import type { Asker } from './offer.ts'

/**
 * What is not as the agent itself has it. The original is written down before anything is changed, so that also
 * a change that fails half-way can be taken back. Bounded by what can be changed: tunables and settings.
 */
export interface ChangeJournal {
  /** Before a change. Keeps the first original. */
  changing(target: string, original: ActionArgs, asker: Asker): void
  /** After a change: back at the original it is no change any more. */
  changed(target: string, now: ActionArgs): void
  original(target: string): ActionArgs | undefined
  list(): AgentChange[]
}

const isSame = (one: ActionArgs, other: ActionArgs): boolean => {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => Object.is(one[name], other[name]))
}

export const createChangeJournal = (now: () => number): ChangeJournal => {
  const changes = new Map<string, AgentChange>()
  return {
    changing(target, original, { by }) {
      const first = changes.get(target)?.original ?? original
      changes.set(target, { target, original: first, by, atMs: now() })
    },
    changed(target, current) {
      const change = changes.get(target)
      if (change !== undefined && isSame(change.original, current)) changes.delete(target)
    },
    original: (target) => changes.get(target)?.original,
    list: () => [...changes.values()],
  }
}

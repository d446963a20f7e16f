import { ActionError, messageOf } from './action-error.ts'
import type { ChangeJournal } from './change-journal.ts'
import type { Offer } from './offer.ts'
import type { Setting } from './setting-action.ts'
import type { TunableActions } from './tunable-actions.ts'

/** Puts back what was changed, all of it or one: always allowed, as it can only lead to the agent's own state. */
export const restoreAction = ({
  journal,
  tunables,
  settings,
}: {
  journal: ChangeJournal
  tunables: TunableActions
  settings: ReadonlyMap<string, Setting>
}): Offer => {
  /** False: it is as the agent has it already, or there is nothing of this name. */
  const putBack = async (target: string): Promise<boolean> => {
    const original = journal.original(target)
    if (original === undefined) return false
    const [kind, name = ''] = [target.slice(0, target.indexOf(':')), target.slice(target.indexOf(':') + 1)]
    if (kind === 'tunable') await tunables.putBack(name, original)
    else {
      settings.get(name)!.apply(original)
      journal.changed(target, settings.get(name)!.read())
    }
    return true
  }

  return {
    description: 'Puts everything that was changed from outside back to what the agent had itself.',
    needsPermission: false,
    isHeavy: false,
    arguments: { target: { type: 'text', description: 'one of the changes listed; without it all' } },
    timeLimitMs: () => 60_000,
    async run({ target }) {
      const targets = target === undefined ? journal.list().map((change) => change.target) : [String(target)]
      const restored: string[] = []
      const failed: string[] = []
      for (const one of targets) {
        try {
          if (await putBack(one)) restored.push(one)
        } catch (error) {
          failed.push(`${one} (${messageOf(error)})`)
        }
      }
      if (failed.length > 0) {
        throw new ActionError(
          'action-failed',
          `Put back: ${restored.join(', ') || 'nothing'}. Not put back, and still listed: ${failed.join(', ')}`.slice(
            0,
            1000,
          ),
        )
      }
      return { result: { restored }, irreversible: 'Set what you want anew.' }
    },
  }
}

import type { ActionArgs, ActionArgument } from '@perfmon/protocol'
import type { ChangeJournal } from './change-journal.ts'
import type { Offer } from './offer.ts'

/** Something with a state that can be read and set as a whole. */
export interface Setting {
  readonly description: string
  readonly arguments: Readonly<Record<string, ActionArgument>>
  readonly read: () => ActionArgs
  /** Brings these about; what is left out stays as it is. */
  readonly apply: (args: ActionArgs) => void
}

/** Makes an action of a setting. It is journalled, tells what is in force afterwards, and how to go back. */
export const settingAction = (name: string, setting: Setting, journal: ChangeJournal): Offer => ({
  description: setting.description,
  needsPermission: true,
  isHeavy: false,
  arguments: setting.arguments,
  timeLimitMs: () => 1000,
  current: setting.read,
  run(args, asker) {
    const target = `action:${name}`
    const before = setting.read()
    journal.changing(target, before, asker)
    try {
      setting.apply(args)
    } finally {
      journal.changed(target, setting.read())
    }
    return { result: { before, now: setting.read() }, undo: { action: name, args: before } }
  },
})

import { type ActionDesk, createActionDesk } from './action-desk.ts'
import { collectGarbage } from './built-in/collect-garbage.ts'
import { concurrencyLimit } from './built-in/concurrency-limit.ts'
import { cpuProfile } from './built-in/cpu-profile.ts'
import { heapProfile } from './built-in/heap-profile.ts'
import { heapSnapshot } from './built-in/heap-snapshot.ts'
import { httpKeepAlive } from './built-in/http-keep-alive.ts'
import { type ReportInterval, samplingInterval } from './built-in/sampling-interval.ts'
import { createChangeJournal } from './change-journal.ts'
import type { Offer } from './offer.ts'
import { createOwnActions } from './own-actions.ts'
import { createProfileFolder } from './profile-folder.ts'
import { restoreAction } from './restore-action.ts'
import { type Setting, settingAction } from './setting-action.ts'
import { createTunableActions } from './tunable-actions.ts'

export interface ActionsOptions {
  /** Of `PERFMON_ALLOW_ACTIONS`; `*` is all. */
  readonly allowed: ReadonlySet<string>
  readonly profileDir: string | undefined
  readonly interval: ReportInterval
  /** Whether this server is the probe's own. */
  readonly isOwnServer: (server: object) => boolean
  readonly now: () => number
}

/** All that an agent can be asked to do. Loaded when somebody first asks. */
export const createActions = ({
  allowed,
  profileDir,
  interval,
  isOwnServer,
  now,
}: ActionsOptions): ActionDesk => {
  const journal = createChangeJournal(now)
  const folder = createProfileFolder({ configured: profileDir, now })
  const tunables = createTunableActions(journal)
  const own = createOwnActions()
  const settings = new Map<string, Setting>([
    ['sampling-interval', samplingInterval(interval)],
    ['http-keep-alive', httpKeepAlive()],
    ['concurrency-limit', concurrencyLimit(isOwnServer)],
  ])
  const builtIn: Record<string, Offer> = {
    'collect-garbage': collectGarbage(),
    'cpu-profile': cpuProfile(folder),
    'heap-profile': heapProfile(folder),
    'heap-snapshot': heapSnapshot(folder),
    ...Object.fromEntries(
      [...settings].map(([name, setting]) => [name, settingAction(name, setting, journal)]),
    ),
    ...tunables.offers,
    'undo-action': own.undoOffer,
    restore: restoreAction({ journal, tunables, settings }),
  }
  return createActionDesk({
    isAllowed: (name) => allowed.has('*') || allowed.has(name),
    builtIn,
    tunables,
    own,
    journal,
    now,
    elapsedMs: () => performance.now(),
  })
}

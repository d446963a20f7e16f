import type { ActionArgs, ActionScalar, OfferedTunable } from '@perfmon/protocol'
import { type DeclaredTunable, declarations } from '../api/declarations.ts'
import { ActionError, messageOf } from './action-error.ts'
import type { ChangeJournal } from './change-journal.ts'
import { checkValue, describeBounds } from './check-arguments.ts'
import type { Asker, Offer } from './offer.ts'
import { withinTime } from './within-time.ts'

/** For one `get`: a list must not wait for an agent that cannot say. */
const readLimitMs = 1000
const longestSetMs = 10_000

export interface TunableActions {
  readonly offers: Readonly<Record<'get-tunable' | 'set-tunable', Offer>>
  list(): Promise<OfferedTunable[]>
  /** Sets a value that was read from this tunable before, within its bounds or not. */
  putBack(name: string, original: ActionArgs): Promise<void>
}

const find = (name: unknown): DeclaredTunable => {
  const tunable = declarations().tunables.get(String(name))
  if (tunable === undefined) throw new ActionError('unknown-action', 'The agent has no tunable of this name')
  return tunable
}

const read = async (name: string, { get }: DeclaredTunable): Promise<ActionScalar> => {
  let value: unknown
  try {
    value = await withinTime(get(), readLimitMs, `reading ${name}`)
  } catch (error) {
    throw new ActionError('action-failed', `${name} cannot be read: ${messageOf(error)}`)
  }
  const isScalar = ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
  if (!isScalar) throw new ActionError('action-failed', `${name} reads as no number, text or boolean`)
  return value as ActionScalar
}

/** Reading and setting what the agent has declared. To declare it is to allow it: see docs/decisions. */
export const createTunableActions = (
  journal: ChangeJournal,
  { setLimitMs = longestSetMs }: { setLimitMs?: number } = {},
): TunableActions => {
  /** Two sets at once would leave the later `set` reported and the slower one in force. */
  const settling = new Set<string>()

  const set = async (name: string, tunable: DeclaredTunable, value: ActionScalar): Promise<ActionScalar> => {
    if (settling.has(name)) throw new ActionError('busy', `${name} is being set already`)
    settling.add(name)
    const work = (async () => tunable.set(value as never))()
    // Also when it takes longer than we wait: until then nobody else may set it.
    const settled = () => settling.delete(name)
    void work.then(settled, settled)
    try {
      await withinTime(work, setLimitMs, `setting ${name}`)
    } catch (error) {
      throw new ActionError('action-failed', `${name} refused: ${messageOf(error)}`)
    }
    return read(name, tunable)
  }

  const change = async (args: ActionArgs, asker: Asker) => {
    const name = String(args['name'])
    const tunable = find(name)
    const bounds = describeBounds(tunable)
    const value = checkValue('value', args['value'], bounds)
    // What cannot be read cannot be put back, and is not touched.
    const previous = await read(name, tunable)
    const target = `tunable:${name}`
    journal.changing(target, { value: previous }, asker)
    let now: ActionScalar
    try {
      now = await set(name, tunable, value)
      journal.changed(target, { value: now })
    } catch (error) {
      const left = await read(name, tunable).catch(() => undefined)
      // One that still runs may change it yet: then its original stays written down.
      if (left !== undefined && !settling.has(name)) journal.changed(target, { value: left })
      throw error
    }
    return {
      result: { name, asked: value, value: now, previous },
      undo: undoOf(name, previous, tunable),
    }
  }

  return {
    offers: {
      'get-tunable': {
        description: 'Reads one tunable of the agent.',
        needsPermission: false,
        isHeavy: false,
        arguments: { name: { type: 'text' } },
        timeLimitMs: () => 2 * readLimitMs,
        async run({ name }) {
          const value = await read(String(name), find(name))
          return { result: { name, value }, irreversible: 'Nothing was changed.' }
        },
      },
      'set-tunable': {
        description: 'Sets one tunable of the agent, within its bounds, and reads it back.',
        needsPermission: false,
        isHeavy: false,
        arguments: { name: { type: 'text' }, value: { type: 'any' } },
        timeLimitMs: () => setLimitMs + 3 * readLimitMs,
        run: change,
      },
    },
    list: () =>
      Promise.all(
        [...declarations().tunables].map(async ([name, tunable]) => {
          const value = await read(name, tunable).catch(() => undefined)
          const shown = typeof value === 'string' ? value.slice(0, 200) : value
          return { name, ...describeBounds(tunable), ...(shown !== undefined && { value: shown }) }
        }),
      ),
    async putBack(name, original) {
      const value = original['value'] as ActionScalar
      const now = await set(name, find(name), value)
      journal.changed(`tunable:${name}`, { value: now })
      if (!Object.is(now, value)) throw new ActionError('action-failed', `${name} did not go back`)
    },
  }
}

/** The agent's own value may lie outside its bounds; then only `restore` gets back to it. */
const undoOf = (name: string, previous: ActionScalar, tunable: DeclaredTunable) => {
  try {
    checkValue(name, previous, describeBounds(tunable))
    return { action: 'set-tunable', args: { name, value: previous } }
  } catch {
    return { action: 'restore', args: { target: `tunable:${name}` } }
  }
}

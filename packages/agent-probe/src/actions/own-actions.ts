import type { ActionArgs } from '@perfmon/protocol'
import { type DeclaredAction, declarations } from '../api/declarations.ts'
import { ActionError } from './action-error.ts'
import { describeBounds } from './check-arguments.ts'
import type { Offer } from './offer.ts'

const defaultTimeLimitMs = 10_000
const longestTimeLimitMs = 600_000
/** How many of the latest runs can still be taken back. */
const mostUndos = 64

type Undo = () => unknown

/** What the agent's own code has declared with `action()`, as offers. */
export interface OwnActions {
  find(name: string): Offer | undefined
  names(): string[]
  readonly undoOffer: Offer
}

export const createOwnActions = (): OwnActions => {
  const undos = new Map<string, { undo: Undo; timeLimitMs: number }>()

  const remember = (requestId: string, undo: Undo, timeLimitMs: number) => {
    undos.set(requestId, { undo, timeLimitMs })
    const [oldest] = undos.keys()
    if (undos.size > mostUndos) undos.delete(oldest!)
  }

  const limitOf = ({ timeLimitMs }: DeclaredAction) =>
    Number.isFinite(timeLimitMs)
      ? Math.min(Math.max(1, timeLimitMs!), longestTimeLimitMs)
      : defaultTimeLimitMs

  const toOffer = (declared: DeclaredAction): Offer => ({
    description: String(declared.description ?? "The agent's own action.").slice(0, 160),
    needsPermission: false,
    isHeavy: false,
    arguments: Object.fromEntries(
      Object.entries(declared.arguments ?? {})
        .slice(0, 16)
        .map(([name, bounds]) => [
          name,
          {
            ...describeBounds(bounds),
            ...(bounds.default !== undefined && { default: bounds.default }),
          },
        ]),
    ),
    timeLimitMs: () => limitOf(declared),
    async run(args, { requestId }) {
      const result = await declared.run(args)
      const { undo } = declared
      if (typeof undo !== 'function') return { result, irreversible: 'The agent declared no undo for it.' }
      remember(requestId, () => undo.call(declared, args, result), limitOf(declared))
      return { result, undo: { action: 'undo-action', args: { requestId } satisfies ActionArgs } }
    },
  })

  return {
    find(name) {
      const declared = declarations().actions.get(name)
      return declared === undefined ? undefined : toOffer(declared)
    },
    names: () => [...declarations().actions.keys()],
    undoOffer: {
      description: "Takes a run of one of the agent's own actions back.",
      needsPermission: false,
      isHeavy: false,
      arguments: { requestId: { type: 'text' } },
      timeLimitMs: (args) => undos.get(String(args['requestId']))?.timeLimitMs ?? defaultTimeLimitMs,
      async run({ requestId }) {
        const kept = undos.get(String(requestId))
        if (kept === undefined) {
          throw new ActionError('invalid-argument', 'No run of this id can be taken back (any more)')
        }
        // Once: taking back twice would change what nobody did.
        undos.delete(String(requestId))
        return { result: await kept.undo(), irreversible: 'Run the action again to have it done again.' }
      },
    },
  }
}

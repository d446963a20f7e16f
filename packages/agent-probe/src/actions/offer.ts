import type { ActionArgs, ActionArgument } from '@perfmon/protocol'

/** What came of a run, and how to take it back, or why that cannot be. */
export type Outcome = { readonly result: unknown } & (
  | { readonly undo: { readonly action: string; readonly args: ActionArgs } }
  | { readonly irreversible: string }
)

/** Who asks, for the journal. */
export interface Asker {
  readonly requestId: string
  readonly by: string
}

/** Something that can be asked for. */
export interface Offer {
  readonly description: string
  /** Whether `PERFMON_ALLOW_ACTIONS` must name it. */
  readonly needsPermission: boolean
  /** Heavy ones pause the agent or cost it CPU: one at a time. */
  readonly isHeavy: boolean
  readonly arguments: Readonly<Record<string, ActionArgument>>
  readonly timeLimitMs: (args: ActionArgs) => number
  /** Of an offer that sets something: what is in force now. */
  readonly current?: () => ActionArgs
  /** `args` are checked and complete: defaults are filled in. */
  readonly run: (args: ActionArgs, asker: Asker) => Outcome | Promise<Outcome>
}

import type { MessageContext } from './message-context.ts'
import type { MessageRecorder } from './record-messages.ts'

/** Messages whose handling has no end that could be seen are counted for this long. */
const countedForMs = 10_000
/** How many of them are counted for at a time. */
const maxOpen = 1000

/** Ends what has no end of its own: messages between processes and over WebSockets. */
export interface OpenEnds {
  add(context: MessageContext): void
  /** Before each report, the last one when `ending`. */
  settle(ending: boolean): void
}

export const createOpenEnds = (messages: MessageRecorder, now: () => number): OpenEnds => {
  const open: { readonly context: MessageContext; readonly atMs: number }[] = []
  const endFirst = (count: number) => {
    for (const { context } of open.splice(0, count)) messages.ended(context)
  }
  const settle = (ending: boolean) => {
    const untilMs = now() - countedForMs
    const young = ending ? -1 : open.findIndex(({ atMs }) => atMs > untilMs)
    endFirst(young === -1 ? open.length : young)
  }
  return {
    add(context) {
      // Also here: worker threads make no reports.
      settle(false)
      if (open.length >= maxOpen) endFirst(1)
      open.push({ context, atMs: now() })
    },
    settle,
  }
}

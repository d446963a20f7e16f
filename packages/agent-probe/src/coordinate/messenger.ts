import type { MessageContext, MessageContexts } from './message-context.ts'
import type { MessageRecorder } from './record-messages.ts'
import {
  foreignMembers,
  formatOrigin,
  formatTraceParent,
  parseOrigin,
  parseTraceParent,
} from './trace-headers.ts'

/** What travels with a message. */
export interface Marks {
  readonly traceparent: string
  /** Our member of `tracestate`; absent where the agent's name is not known. */
  readonly origin: string | undefined
  /** Members of others. */
  readonly foreign: string
}

/** As one header. The most recent member stands first, says the specification. */
export const traceStateOf = ({ origin = '', foreign }: Marks): string =>
  foreign === '' || origin === '' ? origin + foreign : `${origin},${foreign}`

export interface AgentIdentity {
  readonly service: string
  readonly instance: string
}

export interface Messenger {
  /**
   * A message leaves now: what is to travel with it. A `traceparent` that it has already is kept, and so is
   * what stands in its `tracestate`.
   */
  mark(traceParent: unknown, traceState: unknown): Marks
  /** A message arrived: measured, and what it causes is followed from here on. */
  receive(message: {
    readonly transport: string
    readonly traceParent: unknown
    readonly traceState: unknown
    readonly bytes?: number | undefined
    /** Milliseconds for which the sender wanted it to be held back. */
    readonly heldMs?: number
    /** Whether it counts as a message even if no agent has sent it. */
    readonly fromAnyone: boolean
  }): MessageContext
}

/** Two digits each: a look-up takes a tenth of what `toString(16)` does. Made when the first message leaves. */
let twoDigits: readonly string[] | undefined

/** A multiple of four digits. Ids need to differ, not to be secret: `crypto` would take 4 ms to load. */
const randomHex = (digits: number): string => {
  twoDigits ??= Array.from({ length: 2 ** 8 }, (_, byte) => byte.toString(16).padStart(2, '0'))
  let hex = ''
  let isZero = true
  while (hex.length < digits) {
    const bits = Math.floor(Math.random() * 2 ** 16)
    if (bits !== 0) isZero = false
    hex += twoDigits[bits >>> 8]! + twoDigits[bits & 0xff]!
  }
  // An id of zeros only is none.
  return isZero ? randomHex(digits) : hex
}

export const createMessenger = ({
  identity,
  messages,
  contexts,
  newFlags,
  wallMs,
}: {
  identity: () => AgentIdentity | undefined
  messages: MessageRecorder
  contexts: MessageContexts
  /** Flags of a trace that begins here. */
  newFlags: () => string
  wallMs: () => number
}): Messenger => {
  return {
    mark(traceParent, traceState) {
      const context = contexts.caused()
      const given = parseTraceParent(traceParent)
      if (context !== undefined) context.traceId ??= given?.traceId ?? randomHex(32)
      const parent = given ?? {
        traceId: context?.traceId ?? randomHex(32),
        // We are no span: in a trace that came in, whoever is asked has the last known one for a parent.
        spanId: context?.spanId ?? randomHex(16),
        flags: context?.flags ?? newFlags(),
      }
      const agent = identity()
      const origin = agent && formatOrigin(parent.spanId, { ...agent, sentAtMs: wallMs() })
      return {
        traceparent: given === undefined ? formatTraceParent(parent) : (traceParent as string),
        origin,
        foreign: given === undefined ? (context?.foreign ?? '') : foreignMembers(traceState),
      }
    },
    receive({ transport, traceParent, traceState, bytes, heldMs = 0, fromAnyone }) {
      const atMs = wallMs() - heldMs
      const parent = parseTraceParent(traceParent)
      const origin = parent === undefined ? undefined : parseOrigin(traceState, parent.spanId)
      if (fromAnyone || origin !== undefined) messages.received({ transport, origin, atMs, bytes })
      return contexts.open(
        parent === undefined
          ? { transport }
          : {
              transport,
              traceId: parent.traceId,
              spanId: parent.spanId,
              flags: parent.flags,
              foreign: foreignMembers(traceState),
            },
      )
    },
  }
}

import type { ActionRequest, ActionsResponse, MetricsError, OfferedAction } from '@perfmon/protocol'
import { ActionError, messageOf } from './action-error.ts'
import { boundedResult } from './bounded-result.ts'
import type { ChangeJournal } from './change-journal.ts'
import { checkArguments } from './check-arguments.ts'
import type { Offer } from './offer.ts'
import type { OwnActions } from './own-actions.ts'
import { type ActionAnswer, rememberAnswers } from './remembered-answers.ts'
import type { TunableActions } from './tunable-actions.ts'
import { withinTime } from './within-time.ts'

/** Answers kept for repeated requests; each is bounded by {@link boundedResult}. */
const mostRemembered = 128
/** Under way at a time, heavy or not: also those that take longer than anybody waits for them. */
const mostRunning = 8

export interface ActionDesk {
  list(requestId: string | number | undefined): Promise<ActionsResponse>
  run(request: unknown): Promise<ActionAnswer>
}

export interface ActionDeskOptions {
  /** Names in `PERFMON_ALLOW_ACTIONS`. */
  readonly isAllowed: (action: string) => boolean
  readonly builtIn: Readonly<Record<string, Offer>>
  readonly tunables: TunableActions
  readonly own: OwnActions
  readonly journal: ChangeJournal
  /** Unix milliseconds. */
  readonly now: () => number
  readonly elapsedMs: () => number
}

const refuse = (requestId: string | undefined, error: unknown): MetricsError => ({
  type: 'error',
  ...(requestId !== undefined && { requestId }),
  code: error instanceof ActionError ? error.code : 'action-failed',
  message: messageOf(error),
})

/** Checked by hand against the protocol's schema: no validation library in somebody else's process. */
const readRequest = (request: unknown): ActionRequest => {
  const { requestId, action, args, deadlineMs, by } = request as Record<string, unknown>
  if (typeof requestId !== 'string' || requestId.length < 8 || requestId.length > 128) {
    throw new ActionError('malformed-message', 'requestId must be text of 8 to 128 characters')
  }
  if (typeof action !== 'string' || action.length > 64) {
    throw new ActionError('malformed-message', 'action must be text of at most 64 characters')
  }
  if (deadlineMs !== undefined && typeof deadlineMs !== 'number') {
    throw new ActionError('malformed-message', 'deadlineMs must be Unix milliseconds')
  }
  return {
    type: 'action_request',
    requestId,
    action,
    args: args as NonNullable<ActionRequest['args']>,
    ...(deadlineMs !== undefined && { deadlineMs }),
    by: typeof by === 'string' ? by.slice(0, 128) : 'unknown',
  }
}

/**
 * Where everything that is asked for passes: known, allowed, in time, within bounds, not too much at once, not
 * twice. Every request is answered; none of them can make this throw.
 */
export const createActionDesk = (options: ActionDeskOptions): ActionDesk => {
  const { isAllowed, builtIn, tunables, own, journal, now, elapsedMs } = options
  const answers = rememberAnswers(mostRemembered)
  let running = 0
  let heavy: string | undefined

  // A built-in wins: what an operator allowed by name is not to become something else.
  const find = (name: string): Offer | undefined =>
    Object.hasOwn(builtIn, name) ? builtIn[name] : own.find(name)

  const start = (name: string, offer: Offer): (() => void) => {
    if (offer.isHeavy && heavy !== undefined) {
      throw new ActionError('busy', `${heavy} is under way; one of the heavy actions at a time`)
    }
    if (running >= mostRunning) throw new ActionError('busy', `${mostRunning} actions are under way`)
    running++
    if (offer.isHeavy) heavy = name
    return () => {
      running--
      if (offer.isHeavy) heavy = undefined
    }
  }

  const perform = async (request: ActionRequest): Promise<ActionAnswer> => {
    const { requestId, action, deadlineMs, by = 'unknown' } = request
    const offer = find(action)
    if (offer === undefined) throw new ActionError('unknown-action', 'The agent has no action of this name')
    if (offer.needsPermission && !isAllowed(action)) {
      throw new ActionError(
        'not-allowed',
        `The agent does not allow it: start it with PERFMON_ALLOW_ACTIONS=${action}`,
      )
    }
    const args = checkArguments(request.args, offer.arguments)
    if (deadlineMs !== undefined && now() > deadlineMs) {
      throw new ActionError('expired', `It came ${Math.round(now() - deadlineMs)} ms after its deadline`)
    }
    const end = start(action, offer)
    const sinceMs = elapsedMs()
    const work = (async () => offer.run(args, { requestId, by }))()
    // Not when we stop waiting but when it has ended: what hangs goes on using what it uses.
    void work.then(end, end)
    const { result, ...back } = await withinTime(work, offer.timeLimitMs(args), action)
    return {
      type: 'action_response',
      requestId,
      action,
      result: boundedResult(result),
      ...back,
      durationMs: Math.round((elapsedMs() - sinceMs) * 1000) / 1000,
    }
  }

  const describe = ([name, offer]: readonly [string, Offer]): OfferedAction => {
    const current = offer.current?.()
    return {
      name,
      description: offer.description,
      allowed: !offer.needsPermission || isAllowed(name),
      arguments: { ...offer.arguments },
      ...(current !== undefined && { current }),
    }
  }

  return {
    async list(requestId) {
      const owned = own.names().filter((name) => !Object.hasOwn(builtIn, name))
      const offers = [
        ...Object.entries(builtIn),
        ...owned.map((name) => [name, own.find(name)!] as [string, Offer]),
      ]
      return {
        type: 'actions_response',
        ...(requestId !== undefined && { requestId }),
        actions: offers.map(describe),
        tunables: await tunables.list(),
        changes: journal.list(),
      }
    },

    async run(message) {
      let request: ActionRequest
      try {
        request = readRequest(message)
      } catch (error) {
        return refuse(undefined, error)
      }
      const { requestId, action, args } = request
      const question = JSON.stringify([action, args])
      const known = answers.recall(requestId, question)
      if (known === 'other') {
        return refuse(requestId, new ActionError('invalid-argument', 'requestId stood for another request'))
      }
      if (known !== undefined) return known
      const answer = perform(request).catch((error: unknown) => refuse(requestId, error))
      answers.keep(requestId, question, answer)
      return answer
    },
  }
}

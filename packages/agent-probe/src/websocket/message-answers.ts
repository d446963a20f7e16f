import type { MetricsError, MetricsRequest } from '@perfmon/protocol'
import type { ActionDesk } from '../actions/action-desk.ts'
import type { ActionsOptions } from '../actions/actions.ts'
import type { VitalSigns } from '../collect/vital-signs.ts'
import { type AgentIdentity, describeVitals } from './describe-vitals.ts'

/** Longest message that is read, as in the protocol. */
const maxRequestBytes = 4 * 1024
const maxRequestIdLength = 128

type ActionsModule = typeof import('../actions/actions.ts')
type RequestId = MetricsRequest['requestId']
type Answer = object | Promise<object>

export interface MessageAnswers {
  /** The answer to one message; a promise for what takes time. Never a rejection for what the peer did. */
  to(asked: { message: Buffer; isBinary: boolean; mayAct: boolean }): Answer
}

const refuse = (code: MetricsError['code'], message: string, requestId?: RequestId): MetricsError => ({
  type: 'error',
  ...(requestId !== undefined && { requestId }),
  code,
  message,
})

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readRequestId = (id: unknown): RequestId =>
  typeof id === 'number' || (typeof id === 'string' && id.length <= maxRequestIdLength) ? id : undefined

/**
 * What the agent says to whom. Checked by hand against the protocol's schemas: a validation library has no place in
 * somebody else's process. What the peer wrote is never repeated, except a well-formed `requestId` and the name of
 * an action that there is.
 */
export const createMessageAnswers = ({
  vitals,
  identity,
  actions,
}: {
  vitals: () => VitalSigns
  identity: AgentIdentity
  actions: ActionsOptions
}): MessageAnswers => {
  let desk: Promise<ActionDesk> | undefined
  const loadDesk = async (): Promise<ActionDesk> => {
    const file = new URL('./actions.js', import.meta.url)
    const { createActions } = (await import(file.href)) as ActionsModule
    return createActions(actions)
  }
  const withDesk = async (use: (desk: ActionDesk) => Promise<object>, id: RequestId): Promise<object> => {
    desk ??= loadDesk()
    try {
      return await use(await desk)
    } catch {
      return refuse('action-failed', 'The probe cannot act: its files are not complete', id)
    }
  }

  return {
    to({ message, isBinary, mayAct }) {
      if (message.byteLength > maxRequestBytes) {
        return refuse('message-too-large', `A message may have at most ${maxRequestBytes} bytes`)
      }
      const request = isBinary ? undefined : parseJson(message.toString('utf8'))
      if (typeof request !== 'object' || request === null || Array.isArray(request)) {
        return refuse('malformed-message', 'Send a JSON object as text, such as {"type":"metrics_request"}')
      }
      const { type, requestId } = request as { type?: unknown; requestId?: unknown }
      const id = readRequestId(requestId)
      if (requestId !== undefined && id === undefined) {
        return refuse(
          'malformed-message',
          `requestId must be a number or text of at most ${maxRequestIdLength} characters`,
        )
      }
      if (type === 'metrics_request') return describeVitals(vitals(), identity, id)
      if (type !== 'actions_request' && type !== 'action_request') {
        return refuse(
          'unknown-type',
          'The types answered here are metrics_request, actions_request and action_request',
          id,
        )
      }
      if (!mayAct) {
        return refuse('not-allowed', 'Actions need a token, and wss:// where the agent dials out', id)
      }
      return withDesk((it) => (type === 'actions_request' ? it.list(id) : it.run(request)), id)
    },
  }
}

import { boundedName } from '../ai/bounded-name.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import { settleWith } from '../explicit/settle-with.ts'
import type { MessageContexts } from './message-context.ts'
import { type Messenger, traceStateOf } from './messenger.ts'
import type { MessageRecorder } from './record-messages.ts'

export type ExplicitMessages = Pick<ProbeApi, 'messageSent' | 'messageReceived' | 'roundTrip'>

const bytesOf = (given: unknown) =>
  typeof given === 'number' && given >= 0 && given < Number.POSITIVE_INFINITY ? given : undefined

/** `message`: for transports that the probe does not know. */
export const createExplicitMessages = ({
  messenger,
  messages,
  contexts,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
}): ExplicitMessages => ({
  messageSent(message) {
    const { carrier, transport, bytes } = message ?? {}
    messages.sent(boundedName(transport) ?? 'custom', bytesOf(bytes))
    const marks = messenger.mark(carrier?.traceparent, carrier?.tracestate)
    if (carrier === undefined || !Object.isExtensible(carrier)) return
    carrier.traceparent = marks.traceparent
    const state = traceStateOf(marks)
    if (state !== '') carrier.tracestate = state
  },
  messageReceived(message, work) {
    const { carrier, transport, bytes } = message ?? {}
    const context = messenger.receive({
      transport: boundedName(transport) ?? 'custom',
      traceParent: carrier?.traceparent,
      traceState: carrier?.tracestate,
      bytes: bytesOf(bytes),
      fromAnyone: true,
    })
    const end = () => messages.ended(context)
    return contexts.within(context, () => settleWith(work, { done: end, failed: end }))
  },
  roundTrip(trip) {
    const { transport, peer, seconds } = trip ?? {}
    if (bytesOf(seconds) === undefined) return
    messages.roundTrip({ transport: boundedName(transport) ?? 'custom', peer: boundedName(peer), seconds })
  },
})

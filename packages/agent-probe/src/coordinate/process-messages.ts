import type { HookGuard } from '../hook-guard.ts'
import type { MessageContext, MessageContexts } from './message-context.ts'
import { type Messenger, traceStateOf } from './messenger.ts'
import type { OpenEnds } from './open-ends.ts'
import type { MessageRecorder } from './record-messages.ts'

const transport = 'ipc'

/**
 * Node hands messages whose `cmd` begins with `NODE_` to its own listeners and not to the agent's, in every
 * process, with or without a probe. Ours travel beside the agent's messages, which stay as they are.
 */
export const command = 'NODE_PERFMON'

/** One process's end of a channel: `process` in a child, the child's object in its parent. */
export interface Channel {
  send(message: unknown, ...more: unknown[]): boolean
  emit(event: string, ...given: unknown[]): boolean
  listenerCount(event: string): number
}

/** What we send: a greeting, the mark of the message behind it, or the answer to a mark's ping. */
interface Aside {
  readonly cmd: typeof command
  readonly hello?: true
  readonly traceparent?: string
  readonly tracestate?: string
  readonly ping?: number
  readonly pong?: number
  readonly service?: string | undefined
}

/** Messages of one channel that are marked per second: each costs a message of ours. */
const maxMarksPerSecond = 100
const pingEveryMs = 1000

export interface ProcessMessages {
  /** Before the agent's message is sent. */
  sending(channel: Channel, message: unknown): void
  /** One of ours arrived. */
  heard(channel: Channel, aside: unknown): void
  /** The agent's message arrives with `deliver`. */
  received(channel: Channel, deliver: () => boolean): boolean
}

interface Line {
  /** Who has greeted us understands marks. Nobody else is sent any. */
  understands: boolean
  mark: Aside | undefined
  marks: number
  secondMs: number
  pingedAtMs: number
  pings: number
}

export const createProcessMessages = ({
  messenger,
  messages,
  contexts,
  openEnds,
  guard,
  service,
  now,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
  openEnds: OpenEnds
  guard: HookGuard
  service: () => string | undefined
  now: () => number
}): ProcessMessages => {
  const lines = new WeakMap<Channel, Line>()
  const lineOf = (channel: Channel): Line => {
    const known = lines.get(channel)
    if (known !== undefined) return known
    const line: Line = {
      understands: false,
      mark: undefined,
      marks: 0,
      secondMs: 0,
      pingedAtMs: Number.NEGATIVE_INFINITY,
      pings: 0,
    }
    lines.set(channel, line)
    return line
  }
  // With a callback errors go there and not to the agent's listeners.
  const say = (channel: Channel, aside: Omit<Aside, 'cmd'>) =>
    originalSend(channel).call(channel, { cmd: command, ...aside }, () => {})

  const take = guard.wrap<unknown, { line: Line; context?: MessageContext }>((taken) => {
    const { mark } = taken.line
    taken.line.mark = undefined
    const context = messenger.receive({
      transport,
      traceParent: mark?.traceparent,
      traceState: mark?.tracestate,
      fromAnyone: true,
    })
    openEnds.add(context)
    taken.context = context
  })

  return {
    sending(channel, message) {
      const { cmd } = (message ?? {}) as { cmd?: unknown }
      if (typeof cmd === 'string' && cmd.startsWith('NODE_')) return
      messages.sent(transport)
      const line = lineOf(channel)
      if (!line.understands) {
        contexts.caused()
        return
      }
      const nowMs = now()
      if (nowMs - line.secondMs >= 1000) {
        line.secondMs = nowMs
        line.marks = 0
      }
      if (line.marks >= maxMarksPerSecond) {
        contexts.caused()
        messages.gap(transport, 'rate_limited')
        return
      }
      line.marks++
      const marks = messenger.mark(undefined, undefined)
      const isPing = nowMs - line.pingedAtMs >= pingEveryMs
      if (isPing) {
        line.pingedAtMs = nowMs
        line.pings++
      }
      say(channel, {
        traceparent: marks.traceparent,
        tracestate: traceStateOf(marks),
        ...(isPing && { ping: line.pings }),
      })
    },
    heard(channel, given) {
      const aside = given as Aside
      const line = lineOf(channel)
      if (aside.hello && !line.understands) {
        line.understands = true
        say(channel, { hello: true })
      }
      if (typeof aside.pong === 'number' && aside.pong === line.pings) {
        const seconds = (now() - line.pingedAtMs) / 1000
        const peer = typeof aside.service === 'string' ? aside.service.slice(0, 64) : undefined
        messages.roundTrip({ transport, peer, seconds })
      }
      if (aside.traceparent === undefined) return
      if (typeof aside.ping === 'number') say(channel, { pong: aside.ping, service: service() })
      // Without a listener Node keeps the message until there is one; others may overtake what is ours.
      if (channel.listenerCount('message') === 0) messages.gap(transport, 'nobody_listened')
      else line.mark = aside
    },
    received(channel, deliver) {
      const taken: { line: Line; context?: MessageContext } = { line: lineOf(channel) }
      take(taken)
      return taken.context === undefined ? deliver() : contexts.within(taken.context, deliver)
    },
  }
}

const original = Symbol('perfmon.send')

/** How a channel sends without being watched. */
export const originalSend = (channel: Channel): Channel['send'] =>
  (channel as Channel & { [original]?: Channel['send'] })[original] ?? channel.send

export const keepOriginalSend = (channel: Channel): void => {
  Object.defineProperty(channel, original, { value: channel.send })
}

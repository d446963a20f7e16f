import {
  BroadcastChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  threadId,
  type Worker,
} from 'node:worker_threads'
import type { HookGuard } from '../hook-guard.ts'
import type { MessageContext, MessageContexts } from './message-context.ts'
import type { Messenger } from './messenger.ts'
import type { OpenEnds } from './open-ends.ts'
import type { MessageRecorder } from './record-messages.ts'
import { openTimeRing, ringBytes, type TimeRing } from './time-ring.ts'

const transport = 'thread'
const channelName = 'perfmon.agent-probe.messages'

/** By which Node's ports hand every message to their listeners, of whatever kind these are. */
const dispatch = Symbol.for('nodejs.internal.kHybridDispatch')

/** A worker tells its parent once where both write when they send. */
interface Rings {
  readonly thread: number
  readonly toWorker: SharedArrayBuffer
  readonly toParent: SharedArrayBuffer
}

type Post = (message: unknown, ...more: unknown[]) => unknown

export interface ThreadMessages {
  /** A worker that this thread has started. */
  started(worker: Worker): void
  /** In a worker thread, before the agent's first line. */
  own(): void
}

/**
 * Messages between a worker thread and who started it. They are counted at both ends, and the times of sending lie in
 * memory that both see: the n-th that arrives is the n-th that was sent. So nothing travels with them.
 */
export const createThreadMessages = ({
  messenger,
  messages,
  contexts,
  openEnds,
  guard,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
  openEnds: OpenEnds
  guard: HookGuard
}): ThreadMessages => {
  /** The same clock in all threads of a process. */
  const nowMs = () => Number(process.hrtime.bigint()) / 1e6

  /** Counts what is posted; what cannot be cloned is thrown, and never sent. */
  const watchPost = (owner: { postMessage: Post }, ring: () => TimeRing | undefined) => {
    const { postMessage } = owner
    let count = 0
    const before = guard.wrap<unknown, unknown>(() => {
      count++
      ring()?.write(count, nowMs())
    })
    const after = guard.wrap<unknown, unknown>(() => {
      messages.sent(transport)
      contexts.caused()
    })
    const watched: Post = function watched(this: unknown, ...given) {
      before(undefined)
      try {
        const answer = postMessage.apply(this, given)
        after(undefined)
        return answer
      } catch (error) {
        count--
        throw error
      }
    }
    Object.defineProperties(watched, {
      name: { value: postMessage.name, configurable: true },
      length: { value: postMessage.length, configurable: true },
    })
    Object.defineProperty(owner, 'postMessage', { value: watched, configurable: true, writable: true })
  }

  const createReceiver = (ring: () => TimeRing | undefined) => {
    let count = 0
    const take = guard.wrap<unknown, { context?: MessageContext }>((taken) => {
      const sentAtMs = ring()?.read(count)
      if (sentAtMs === undefined) messages.gap(transport, 'nobody_listened')
      else messages.latency(transport, (nowMs() - sentAtMs) / 1000)
      const context = messenger.receive({
        transport,
        traceParent: undefined,
        traceState: undefined,
        fromAnyone: true,
      })
      openEnds.add(context)
      taken.context = context
    })
    return {
      /** It arrived, but nobody is told of it. */
      skip() {
        count++
      },
      deliver<Result>(work: () => Result): Result {
        count++
        const taken: { context?: MessageContext } = {}
        take(taken)
        return taken.context === undefined ? work() : contexts.within(taken.context, work)
      },
    }
  }

  let channel: BroadcastChannel | undefined
  const told = new Map<number, Rings>()
  /** What workers have told by now, without waiting for an event. */
  const ringsOf = (thread: number): Rings | undefined => {
    for (;;) {
      const received = channel && receiveMessageOnPort(channel as unknown as MessagePort)
      if (received === undefined) return told.get(thread)
      const rings = received.message as Rings
      told.set(rings.thread, rings)
    }
  }

  return {
    started(worker) {
      if (channel === undefined) {
        channel = new BroadcastChannel(channelName)
        channel.unref()
      }
      const thread = worker.threadId
      const rings: { in?: TimeRing; out?: TimeRing } = {}
      const look = (direction: 'in' | 'out') => () => {
        if (rings.in === undefined) {
          const found = ringsOf(thread)
          if (found === undefined) return undefined
          told.delete(thread)
          rings.in = openTimeRing(found.toParent)
          rings.out = openTimeRing(found.toWorker)
        }
        return rings[direction]
      }
      watchPost(worker as unknown as { postMessage: Post }, look('out'))
      const receiver = createReceiver(look('in'))
      const { emit } = worker
      Object.defineProperty(worker, 'emit', {
        configurable: true,
        writable: true,
        value(this: Worker, event: string, ...given: unknown[]): boolean {
          if (event === 'message') return receiver.deliver(() => emit.call(this, event, ...given))
          if (event === 'messageerror') receiver.skip()
          if (event === 'exit') told.delete(thread)
          return emit.call(this, event, ...given)
        },
      })
    },

    own() {
      const port = parentPort as unknown as
        | ({ postMessage: Post } & Record<symbol, (...given: unknown[]) => unknown>)
        | null
      const original = port?.[dispatch]
      if (port === null || typeof original !== 'function') return
      const toWorker = new SharedArrayBuffer(ringBytes)
      const toParent = new SharedArrayBuffer(ringBytes)
      const [inward, outward] = [openTimeRing(toWorker), openTimeRing(toParent)]
      // Opened for one message: a channel that is kept would keep the thread alive.
      const announcement = new BroadcastChannel(channelName)
      announcement.postMessage({ thread: threadId, toWorker, toParent } satisfies Rings)
      announcement.close()

      watchPost(port, () => outward)
      const receiver = createReceiver(() => inward)
      Object.defineProperty(port, dispatch, {
        configurable: true,
        writable: true,
        value(this: unknown, data: unknown, type: unknown, ...more: unknown[]) {
          const deliver = () => original.call(this, data, type, ...more)
          if (type === 'message') return receiver.deliver(deliver)
          receiver.skip()
          return deliver()
        },
      })
      // Taken without being dispatched: counted all the same, or all later ones would be mistaken for earlier ones.
      const threads = process.getBuiltinModule('node:worker_threads')
      const receiveNow = threads.receiveMessageOnPort
      const watched = function receiveMessageOnPort(from: MessagePort) {
        const received = receiveNow(from)
        if ((from as unknown) === port && received !== undefined) receiver.deliver(() => {})
        return received
      }
      threads.receiveMessageOnPort = watched as typeof receiveNow
      process.getBuiltinModule('node:module').syncBuiltinESMExports()
    },
  }
}

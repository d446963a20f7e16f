import type { AsyncLocalStorage } from 'node:async_hooks'

/** A message or task that is being handled, and what it causes. */
export interface MessageContext {
  /** Chosen when something is first sent because of it, unless it came with one. */
  traceId: string | undefined
  /** Of who began the trace that it came with: whom what it causes has for a parent. */
  readonly spanId: string | undefined
  readonly flags: string
  /** Members of others in `tracestate`. */
  readonly foreign: string
  readonly transport: string
  readonly parent: MessageContext | undefined
  /** Messages sent because of it so far. */
  caused: number
  ended: boolean
}

export interface MessageContexts {
  current(): MessageContext | undefined
  open(
    given: Partial<Pick<MessageContext, 'traceId' | 'spanId' | 'flags' | 'foreign'>> & { transport: string },
  ): MessageContext
  /** A part of what is being handled: its trace is the same. */
  openWithin(transport: string): MessageContext
  /** Everything that `work` starts is caused by it. */
  within<Result>(context: MessageContext, work: () => Result): Result
  /** Everything that the current callback goes on to start is caused by it. */
  enter(context: MessageContext): void
  /** One message was sent now. Answers whom it is to be ascribed to. */
  caused(): MessageContext | undefined
}

/** Tasks within tasks that are counted for. */
const maxDepth = 8

/** `storage` is absent where causes are not followed; `newFlags` are those of a trace that begins here. */
export const createMessageContexts = (
  storage: Pick<AsyncLocalStorage<MessageContext>, 'getStore' | 'run' | 'enterWith'> | undefined,
  newFlags: () => string,
): MessageContexts => {
  /** What has ended is skipped: a loop that starts itself again would else be a chain without an end. */
  const parent = (): MessageContext | undefined => {
    let context = storage?.getStore()
    while (context?.ended) context = context.parent
    return context
  }
  const open: MessageContexts['open'] = ({
    traceId,
    spanId,
    flags = newFlags(),
    foreign = '',
    transport,
  }) => ({
    traceId,
    spanId,
    flags,
    foreign,
    transport,
    parent: parent(),
    caused: 0,
    ended: false,
  })
  return {
    current: () => storage?.getStore(),
    open,
    openWithin: (transport) => open({ ...parent(), transport }),
    within: (context, work) => (storage === undefined ? work() : storage.run(context, work)),
    enter: (context) => storage?.enterWith(context),
    caused() {
      const current = storage?.getStore()
      let context = current
      for (let depth = 0; context !== undefined && depth < maxDepth; depth++) {
        context.caused++
        context = context.parent
      }
      return current
    },
  }
}

import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { IsInternal } from './internal-host.ts'
import type { MessageContext, MessageContexts } from './message-context.ts'
import { type Messenger, traceStateOf } from './messenger.ts'
import type { MessageRecorder } from './record-messages.ts'

const transport = 'http'
const handling = Symbol('perfmon.message')

/** A request of undici's, and so of `fetch`. */
export interface FetchRequest {
  readonly method: string
  readonly origin: string | URL | undefined
  readonly path: string
  readonly host?: string | null
  readonly headers: string | readonly (string | readonly string[])[]
  addHeader(name: string, value: string): unknown
}

export type ServedResponse = ServerResponse & { [handling]?: MessageContext }

export interface HttpMessages {
  served(exchange: { readonly request: IncomingMessage; readonly response: ServedResponse }): void
  answered(exchange: { readonly response: ServedResponse }): void
  fetching(request: FetchRequest): void
  requesting(request: ClientRequest): void
}

/** Origins whose host is remembered. */
const maxOrigins = 500

/** A request to a proxy names whom it is for in its path. */
const hostOfPath = (path: string): string | undefined => {
  if (!/^https?:\/\//i.test(path)) return undefined
  return URL.canParse(path) ? new URL(path).hostname : ''
}

/** `Host` without its port. */
const hostOfHeader = (header: string): string => header.replace(/:\d+$/, '')

/** A header in undici's list of names and values, or in the text that older versions keep. */
const headerOf = (headers: FetchRequest['headers'], wanted: string): string | undefined => {
  if (typeof headers === 'string') {
    return new RegExp(`^${wanted}: *(.*)\\r?$`, 'im').exec(headers)?.[1]
  }
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]
    // Comparing lengths first: most headers are others.
    if (name?.length === wanted.length && String(name).toLowerCase() === wanted)
      return String(headers[at + 1])
  }
  return undefined
}

/** Requests between agents: marked where they leave for an internal host, measured where they arrive. */
export const createHttpMessages = ({
  messenger,
  messages,
  contexts,
  isInternal,
}: {
  messenger: Messenger
  messages: MessageRecorder
  contexts: MessageContexts
  isInternal: IsInternal
}): HttpMessages => {
  const origins = new Map<string, boolean>()
  const isInternalOrigin = (origin: string): boolean => {
    const known = origins.get(origin)
    if (known !== undefined) return known
    const answer = URL.canParse(origin) && isInternal(new URL(origin).hostname)
    if (origins.size >= maxOrigins) origins.clear()
    origins.set(origin, answer)
    return answer
  }
  /** Whoever is behind a proxy or another `Host` has to be internal too. */
  const isForInternal = (path: string, hostHeader: string | undefined) => {
    const target = path.charCodeAt(0) === 0x2f ? undefined : hostOfPath(path)
    return (
      (target === undefined || isInternal(target)) &&
      (hostHeader === undefined || isInternal(hostOfHeader(hostHeader)))
    )
  }

  return {
    served({ request, response }) {
      const { traceparent, tracestate } = request.headers
      const context = messenger.receive({
        transport,
        traceParent: traceparent,
        traceState: tracestate,
        fromAnyone: false,
      })
      response[handling] = context
      contexts.enter(context)
    },
    answered({ response }) {
      const context = response[handling]
      if (context !== undefined) messages.ended(context)
    },
    fetching(request) {
      if (request.method === 'CONNECT' || !isInternalOrigin(String(request.origin))) return
      if (!isForInternal(request.path, request.host ?? undefined)) return
      messages.sent(transport)
      const given = headerOf(request.headers, 'traceparent')
      const marks = messenger.mark(given, undefined)
      if (given === undefined) request.addHeader('traceparent', marks.traceparent)
      // Several headers of this name are one list: what the agent has set itself stays.
      const state = given === undefined ? traceStateOf(marks) : marks.origin
      if (state) request.addHeader('tracestate', state)
    },
    requesting(request) {
      if (request.method === 'CONNECT') return
      const { host, path } = request
      if (typeof host !== 'string' || !isInternal(host)) return
      const hostHeader = request.getHeader('host')
      if (!isForInternal(path, typeof hostHeader === 'string' ? hostHeader : undefined)) return
      messages.sent(transport)
      if (request.headersSent) {
        // Given as a list, or with `Expect`: Node has written them already.
        messages.gap(transport, 'late_headers')
        return
      }
      const given = request.getHeader('traceparent')
      const marks = messenger.mark(given, request.getHeader('tracestate'))
      if (given === undefined) request.setHeader('traceparent', marks.traceparent)
      const state = traceStateOf(marks)
      if (state !== '') request.setHeader('tracestate', state)
    },
  }
}

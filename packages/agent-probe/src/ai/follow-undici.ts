import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import { peerOfOrigin } from '../record/http-names.ts'
import type { ModelAttempt, ModelCalls } from './model-calls.ts'
import type { ModelEndpoint } from './model-endpoint.ts'
import { readTopLevelText } from './read-top-level-text.ts'
import { collectText, textOf } from './request-text.ts'
import type { UndiciRequest } from './watch-model-undici.ts'

interface Followed {
  readonly sent: { add(chunk: unknown): void }
  /** The attempt, from when the request was sent; absent when it turns out to be no call to a model. */
  begin(): ModelAttempt | undefined
}

const followed = Symbol('perfmon.undiciRequest')
type Request = UndiciRequest & { [followed]?: Followed }

const headerOf = (headers: readonly unknown[], wanted: string): string | undefined => {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    // Bytes, or text in the newest versions.
    if (String(headers[at]).toLowerCase() === wanted) return String(headers[at + 1])
  }
  return undefined
}

/**
 * Follows requests of undici to models by its diagnostics channels, which show every chunk from version 7 on;
 * before that an answer is counted, with unknown usage. Listens to chunks from the first such request on: they
 * would cost every other request something.
 */
export const createUndiciFollowers = ({
  calls,
  guard,
  now,
  currentAgent,
}: {
  calls: ModelCalls
  guard: HookGuard
  now: () => number
  currentAgent: () => string | undefined
}): ((created: { endpoint: ModelEndpoint; request: UndiciRequest }) => void) => {
  const listen = () => {
    const on = <Message extends { request: Request }>(
      event: string,
      hear: (message: Message, request: Followed) => void,
    ) => {
      const hook = guard.wrap<unknown, Message>((message) => {
        const request = message.request[followed]
        if (request !== undefined) hear(message, request)
      })
      subscribe(`undici:request:${event}`, hook as (message: unknown) => void)
    }
    on<{ request: Request; chunk: unknown }>('bodyChunkSent', ({ chunk }, { sent }) => sent.add(chunk))
    on<{ request: Request; response: { statusCode: number; headers: readonly unknown[] } }>(
      'headers',
      ({ response: { statusCode, headers } }, { begin }) =>
        begin()?.answered({
          status: statusCode,
          contentType: headerOf(headers, 'content-type'),
          contentEncoding: headerOf(headers, 'content-encoding'),
          retryAfter: headerOf(headers, 'retry-after'),
        }),
    )
    on<{ request: Request; chunk: unknown }>('bodyChunkReceived', ({ chunk }, { begin }) => {
      if (chunk instanceof Uint8Array) begin()?.chunk(chunk)
    })
    on('trailers', (_message, { begin }) => begin()?.ended())
    on<{ request: Request; error: unknown }>('error', ({ error }, { begin }) => begin()?.failed(error))
  }
  let listens = false

  return ({ endpoint, request }) => {
    if (!listens) listen()
    listens = true
    const startedAtMs = now()
    const agent = currentAgent()
    const whole = textOf(request.body)
    const sent = collectText()
    let begun: { attempt: ModelAttempt | undefined } | undefined

    const begin = () => {
      if (begun !== undefined) return begun.attempt
      const text = whole ?? sent.text()
      const model = endpoint.model ?? readTopLevelText(text, 'model')
      const origin = String(request.origin)
      const target = { endpoint, model, agent, peer: peerOfOrigin(origin) }
      begun = {
        attempt:
          model === undefined && !endpoint.certain
            ? undefined
            : calls.begin({ target, url: origin + request.path, body: text, startedAtMs }),
      }
      return begun.attempt
    }
    Object.defineProperty(request, followed, { value: { sent, begin }, configurable: true })
  }
}

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { HookGuard } from '../hook-guard.ts'
import { listenBeside } from '../leave-room-for-listeners.ts'
import { peerOfOrigin } from '../record/http-names.ts'
import { createAttemptGuard } from './guarded-attempt.ts'
import type { ModelAttempt, ModelCalls } from './model-calls.ts'
import type { ModelEndpoint } from './model-endpoint.ts'
import { readTopLevelText } from './read-top-level-text.ts'
import { collectText } from './request-text.ts'
import type { RequestFollower } from './watch-model-requests.ts'

type Written = (chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown

/** The first part of what the agent writes into its request. */
const readRequestBody = (request: ClientRequest, guard: HookGuard): (() => string) => {
  const { add, text } = collectText()
  const keep = guard.wrap<unknown, unknown>(add)
  const write = request.write as Written
  const end = request.end as Written
  // `end` hands its chunk on by an inner function, not by `write`: nothing is seen twice.
  Object.assign(request, {
    write: (...given: [unknown]) => {
      keep(given[0])
      return write.apply(request, given)
    },
    end: (...given: [unknown]) => {
      keep(given[0])
      return end.apply(request, given)
    },
  })
  return text
}

/** Bytes as the parser delivers them: no listener, which would make the stream flow. */
const tapResponse = (response: IncomingMessage, attempt: ModelAttempt) => {
  const { push } = response
  response.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk instanceof Uint8Array) attempt.chunk(chunk)
    else if (chunk === null && response.complete) attempt.ended()
    return push.call(response, chunk, encoding)
  }
}

const headerText = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)

/** Follows a request of `node:http` to a model, from its creation to the last byte of the answer. */
export const createRequestFollowers = ({
  calls,
  guard,
  now,
  currentAgent,
}: {
  calls: ModelCalls
  guard: HookGuard
  now: () => number
  currentAgent: () => string | undefined
}): ((created: { endpoint: ModelEndpoint; request: ClientRequest }) => RequestFollower) => {
  const guarded = createAttemptGuard(guard)

  return ({ endpoint, request }) => {
    const startedAtMs = now()
    const agent = currentAgent()
    const body = readRequestBody(request, guard)
    let attempt: ModelAttempt | undefined
    let begun = false

    // Only when its body was written it is known for a call to a model.
    const begin = (): ModelAttempt | undefined => {
      if (begun) return attempt
      begun = true
      const text = body()
      const model = endpoint.model ?? readTopLevelText(text, 'model')
      if (model === undefined && !endpoint.certain) return undefined
      const address = request.host.includes(':') ? `[${request.host}]` : request.host
      const { port } = request as { port?: number }
      const origin = peerOfOrigin(`${request.protocol}//${address}`)
      const peer = { host: origin.host, port: port ?? portOf(request) ?? origin.port }
      attempt = guarded(
        calls.begin({
          target: { endpoint, model, agent, peer },
          url: `${peer.host}:${peer.port}${request.path}`,
          body: text,
          startedAtMs,
        }),
      )
      return attempt
    }

    return {
      answered(response) {
        const answered = begin()
        if (answered === undefined) return
        const { headers, statusCode = 0 } = response
        answered.answered({
          status: statusCode,
          contentType: headers['content-type'],
          contentEncoding: headers['content-encoding'],
          retryAfter: headerText(headers['retry-after']),
        })
        if (statusCode >= 300) return
        tapResponse(response, answered)
        const onClose = guard.wrap<unknown, unknown>(() => {
          if (response.complete) answered.ended()
          else if (response.errored && response.errored.name !== 'AbortError' && !request.destroyed)
            answered.failed(response.errored)
          else answered.cancelled()
        })
        listenBeside(response, 'close', onClose as () => void)
      },
      failed(error) {
        begin()?.failed(error)
      },
    }
  }
}

/** Node keeps the port of a request only in its `Host` header. */
const portOf = (request: ClientRequest): number | undefined => {
  const header = String(request.getHeader('host') ?? '')
  return peerOfOrigin(`${request.protocol}//${header}`).port
}

import type { HookGuard } from '../hook-guard.ts'
import { peerOfOrigin } from '../record/http-names.ts'
import { createAttemptGuard } from './guarded-attempt.ts'
import type { ModelAttempt, ModelCalls } from './model-calls.ts'
import { readTopLevelText } from './read-top-level-text.ts'
import { collectText, maxBodyLength, textOf } from './request-text.ts'
import { tapResponse } from './tap-response.ts'
import type { FetchFollower, FetchToModel } from './watch-model-fetch.ts'

/**
 * The first part of the body of a `Request`, from a copy: the agent's own stays unread. By the time of an answer
 * it is there, as it was sent by then.
 */
const readCopy = (request: Request): (() => string) => {
  const { add, text } = collectText()
  const read = async () => {
    const reader = request.clone().body?.getReader()
    if (reader === undefined) return
    while (text().length < maxBodyLength) {
      const { done, value } = await reader.read()
      if (done) return
      add(value)
    }
    // Else the rest would be kept for us until the agent's side has sent it.
    await reader.cancel()
  }
  // A body that was used before, or that breaks off: the agent will be told.
  void read().catch(() => {})
  return text
}

/** Follows calls of `fetch` to models; absent when the request turns out to be no such call. */
export const createFetchFollowers = ({
  calls,
  guard,
  now,
  currentAgent,
}: {
  calls: ModelCalls
  guard: HookGuard
  now: () => number
  currentAgent: () => string | undefined
}): ((request: FetchToModel) => FetchFollower | undefined) => {
  const guarded = createAttemptGuard(guard)

  return ({ endpoint, url, body, request }) => {
    const startedAtMs = now()
    const agent = currentAgent()
    const begin = (text: string | undefined): ModelAttempt | undefined => {
      const model = endpoint.model ?? (text === undefined ? undefined : readTopLevelText(text, 'model'))
      if (model === undefined && !endpoint.certain) return undefined
      const target = { endpoint, model, agent, peer: peerOfOrigin(url) }
      return guarded(calls.begin({ target, url, body: text, startedAtMs }))
    }
    const copy = request !== undefined && endpoint.model === undefined ? readCopy(request) : undefined
    const known = copy === undefined ? begin(textOf(body)) : undefined
    if (known === undefined && copy === undefined) return undefined
    const attempted = () => known ?? begin(copy?.())

    const answered = guard.wrap<unknown, Response>((response) => {
      const attempt = attempted()
      if (attempt === undefined) return
      const { status, headers, body: answer } = response
      attempt.answered({
        status,
        contentType: headers.get('content-type') ?? undefined,
        // `fetch` has decoded it.
        contentEncoding: undefined,
        retryAfter: headers.get('retry-after') ?? undefined,
      })
      if (status >= 300) return
      if (answer === null) attempt.ended()
      else tapResponse(response, answer, attempt)
    })
    const failed = guard.wrap<unknown, unknown>((error) => attempted()?.failed(error))
    return { answered, failed }
  }
}

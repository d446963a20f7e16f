import type { HookGuard } from '../hook-guard.ts'
import { peerOfOrigin } from '../record/http-names.ts'
import { createAttemptGuard } from './guarded-attempt.ts'
import type { ModelCalls } from './model-calls.ts'
import { readTopLevelText } from './read-top-level-text.ts'
import { tapBody } from './tap-body.ts'
import type { FetchFollower, FetchToModel } from './watch-model-fetch.ts'

/** Enough of a body that is bytes, to find the model's name in. */
const maxBodyBytes = 64 * 1024

const textOf = (body: unknown): string | undefined => {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body.subarray(0, maxBodyBytes)).toString('latin1')
  if (body instanceof ArrayBuffer) return textOf(new Uint8Array(body))
  return undefined
}

/** Follows calls of `fetch` to models; absent when the request turns out to be no such call. */
export const createFetchFollowers = ({
  calls,
  guard,
}: {
  calls: ModelCalls
  guard: HookGuard
}): ((request: FetchToModel) => FetchFollower | undefined) => {
  const guarded = createAttemptGuard(guard)

  return ({ endpoint, url, body }) => {
    const text = textOf(body)
    const model = endpoint.model ?? (text === undefined ? undefined : readTopLevelText(text, 'model'))
    if (model === undefined && !endpoint.certain) return undefined
    const target = { endpoint, model, peer: peerOfOrigin(url) }
    const attempt = guarded(calls.begin({ target, url, body: text }))
    const follow = guard.wrap<unknown, Response>((response) => {
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
      else tapBody(answer, attempt)
    })
    return { answered: follow, failed: attempt.failed }
  }
}

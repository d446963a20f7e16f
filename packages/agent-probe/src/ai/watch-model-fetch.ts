import type { HookGuard } from '../hook-guard.ts'
import type { AiWork } from './ai-work.ts'
import { type ModelEndpoint, modelEndpoint } from './model-endpoint.ts'

export type Fetch = typeof globalThis.fetch

type Input = Parameters<Fetch>[0]
type Options = Parameters<Fetch>[1]

/** A `fetch` to a model, from its call to the answer. */
export interface FetchToModel {
  readonly endpoint: ModelEndpoint
  readonly url: string
  readonly body: unknown
  /** Whose body it is that is sent, where none was given beside it. */
  readonly request: Request | undefined
}

/** Follows an answer of `fetch`; both methods are called at most once. */
export interface FetchFollower {
  answered(response: Response): void
  failed(error: unknown): void
}

interface Look {
  readonly input: Input
  readonly options: Options
  follower: FetchFollower | undefined
}

const isRequest = (input: Input): input is Request =>
  typeof input === 'object' && input !== null && 'method' in input

/** The same `fetch`, but calls to models are followed. Other requests cost one look at their URL. */
export const wrapFetch = (original: Fetch, { guard, ai }: { guard: HookGuard; ai: () => AiWork }): Fetch => {
  const lookAt = guard.wrap<unknown, Look>((look) => {
    const { input, options } = look
    const method = options?.method ?? (isRequest(input) ? input.method : 'GET')
    // Anything can be passed: what is none `fetch` itself refuses.
    if (method !== 'POST' && String(method).toUpperCase() !== 'POST') return
    const url = typeof input === 'string' ? input : isRequest(input) ? input.url : String(input)
    const endpoint = modelEndpoint(url)
    if (endpoint === undefined) return
    const body = options?.body
    const request = isRequest(input) && body == null ? input : undefined
    look.follower = ai().fetching({ endpoint, url, body, request })
  })

  // The parameters are those of the standard's `fetch`, so that its `length` is the same.
  const watched = function fetch(this: unknown, input: Input, options: Options = undefined) {
    const look: Look = { input, options, follower: undefined }
    lookAt(look)
    const answer = original.call(this as typeof globalThis, input, options)
    const { follower } = look
    if (follower === undefined) return answer
    // A promise of our own: a handler on the agent's would hide its unhandled rejection.
    return answer.then(
      (response) => {
        follower.answered(response)
        return response
      },
      (error: unknown) => {
        follower.failed(error)
        throw error
      },
    )
  }
  // Minifying takes its name away.
  return Object.defineProperty(watched, 'name', { value: original.name, configurable: true })
}

/** Node loads `fetch` at its first call, and so it stays: replacing it does not load it. */
export const watchModelFetch = (parts: { guard: HookGuard; ai: () => AiWork }): void => {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
  if (typeof descriptor?.value !== 'function' || !descriptor.configurable) return
  Object.defineProperty(globalThis, 'fetch', {
    ...descriptor,
    value: wrapFetch(descriptor.value as Fetch, parts),
  })
}

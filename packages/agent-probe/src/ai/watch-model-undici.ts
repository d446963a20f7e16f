import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import type { AiWork } from './ai-work.ts'
import { modelEndpoint } from './model-endpoint.ts'

/** A request of undici, as its channels show it. */
export interface UndiciRequest {
  readonly method: string
  readonly path: string
  readonly origin: string | URL
  /** Bytes, a stream, or whatever else can be sent. */
  readonly body?: unknown
  readonly upgrade?: string | boolean | null
  /** Names and values in turn; one text in old versions. */
  readonly headers?: readonly unknown[] | string
}

/** Every `fetch` says so in its headers, as a browser's does; it is followed where it is called. */
const isFetch = ({ headers }: UndiciRequest): boolean => headers?.includes('sec-fetch-mode') === true

/** Calls to models by undici's own `request`, `stream`, `pipeline` and `Client`. */
export const watchModelUndici = ({ guard, ai }: { guard: HookGuard; ai: () => AiWork }): void => {
  const onCreated = guard.wrap<unknown, { request: UndiciRequest }>(({ request }) => {
    if (request.method !== 'POST' || request.upgrade || isFetch(request)) return
    const endpoint = modelEndpoint(request.path)
    if (endpoint !== undefined) ai().undiciRequesting({ endpoint, request })
  })
  subscribe('undici:request:create', onCreated as (message: unknown) => void)
}

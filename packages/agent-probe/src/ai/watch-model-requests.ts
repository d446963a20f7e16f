import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { HookGuard } from '../hook-guard.ts'
import type { AiWork } from './ai-work.ts'
import { modelEndpoint } from './model-endpoint.ts'

/** Follows a request of `node:http` to a model. */
export interface RequestFollower {
  answered(response: IncomingMessage): void
  failed(error: unknown): void
}

const follower = Symbol('perfmon.modelRequest')

type Request = ClientRequest & { [follower]?: RequestFollower | undefined }

/** Calls to models by `node:http` and `node:https`, and by what is built on them (axios, got, node-fetch). */
export const watchModelRequests = ({ guard, ai }: { guard: HookGuard; ai: () => AiWork }): void => {
  const onCreated = guard.wrap<unknown, { request: Request }>(({ request }) => {
    if (request.method !== 'POST') return
    const endpoint = modelEndpoint(request.path)
    if (endpoint !== undefined) request[follower] = ai().requesting({ endpoint, request })
  })
  const onResponse = guard.wrap<unknown, { request: Request; response: IncomingMessage }>(
    ({ request, response }) => request[follower]?.answered(response),
  )
  const onError = guard.wrap<unknown, { request: Request; error: unknown }>(({ request, error }) =>
    request[follower]?.failed(error),
  )
  subscribe('http.client.request.created', onCreated as (message: unknown) => void)
  // Despite its name it is published before the agent gets the response, with nothing of its body read.
  subscribe('http.client.response.finish', onResponse as (message: unknown) => void)
  subscribe('http.client.request.error', onError as (message: unknown) => void)
}

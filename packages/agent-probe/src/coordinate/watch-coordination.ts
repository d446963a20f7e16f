import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { probeApiKey } from '../api/probe-api.ts'
import type { Variables } from '../configure/agent-environment.ts'
import type { Sources } from '../configure/sources.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import type { CoordinationWork } from './coordination-work.ts'
import type { HttpMessages } from './http-messages.ts'
import type { AgentIdentity } from './messenger.ts'
import { watchFetchesLast } from './watch-fetches-last.ts'

type CoordinationModule = typeof import('./coordination-work.ts')
type Exchange = Parameters<HttpMessages['served']>[0] & { readonly server: object }

/** Hooks only: what they call is loaded with the first message, or when the agent first uses the API. */
export const watchCoordination = ({
  recordings,
  guard,
  env,
  sources,
  identity,
}: {
  recordings: Recordings
  guard: HookGuard
  env: Variables
  sources: Sources
  /** Absent where nobody knows the agent's name. */
  identity: () => AgentIdentity | undefined
}): void => {
  const isMinimal = env.PERFMON_LEVEL?.trim().toLowerCase() === 'minimal'
  let work: CoordinationWork | undefined
  const load = (): CoordinationWork => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createCoordinationWork } = createRequire(import.meta.url)(
      './coordination.js',
    ) as CoordinationModule
    work = createCoordinationWork({ recordings, env, identity, followCauses: !isMinimal })
    return work
  }

  /** Asked with every call: the API's functions keep nothing. */
  const offer = { api: undefined as CoordinationWork['api'] | undefined }
  const loadApi = guard.wrap<unknown, typeof offer>((to) => {
    to.api = (work ?? load()).api
  })
  Object.defineProperty(globalThis, probeApiKey, {
    configurable: true,
    get() {
      if (offer.api === undefined) loadApi(offer)
      return offer.api
    },
  })
  if (isMinimal || !sources.isOn('messages.http')) return

  const http = () => (work ?? load()).http
  const onServed = guard.wrap<unknown, Exchange>((exchange) => {
    if (exchange.server !== recordings.ownServer) http().served(exchange)
  })
  const onAnswered = guard.wrap<unknown, Exchange>((exchange) => work?.http.answered(exchange))
  const onRequest = guard.wrap<unknown, { request: ClientRequest }>(({ request }) =>
    http().requesting(request),
  )
  // Where requests of a kind are not to be watched, they are not followed either.
  if (sources.isOn('http.server')) {
    subscribe('http.server.request.start', onServed as (message: unknown) => void)
    subscribe('http.server.response.finish', onAnswered as (message: unknown) => void)
  }
  if (sources.isOn('http.client')) {
    subscribe('http.client.request.created', onRequest as (message: unknown) => void)
  }
  if (sources.isOn('http.client.fetch')) watchFetchesLast(guard.wrap((request) => http().fetching(request)))
}

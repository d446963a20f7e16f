import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Worker } from 'node:worker_threads'
import type { OtherPackages } from '../ai/hook-frameworks.ts'
import { probeApiKey } from '../api/probe-api.ts'
import type { Variables } from '../configure/agent-environment.ts'
import type { SourceName, Sources } from '../configure/sources.ts'
import type { HookGuard } from '../hook-guard.ts'
import type { Recordings } from '../record/recordings.ts'
import type { CoordinationWork } from './coordination-work.ts'
import type { HttpMessages } from './http-messages.ts'
import type { AgentIdentity } from './messenger.ts'
import { watchFetchesLast } from './watch-fetches-last.ts'
import { watchProcesses } from './watch-processes.ts'

type CoordinationModule = typeof import('./coordination-work.ts')
type Exchange = Parameters<HttpMessages['served']>[0] & { readonly server: object }

export interface Coordination {
  /** Files of packages that carry messages. */
  readonly packages: OtherPackages
  /** Sets the hooks, after all other hooks of ours: requests are marked last. */
  watch(): void
}

/** Hooks only: what they call is loaded with the first message, or when the agent first uses the API. */
export const prepareCoordination = ({
  recordings,
  guard,
  env,
  sources,
  identity,
  isParentWatched,
  isWorker,
}: {
  recordings: Recordings
  guard: HookGuard
  env: Variables
  sources: Sources
  /** Absent where nobody knows the agent's name. */
  identity: () => AgentIdentity | undefined
  /** Whether the process that started this one has a probe. */
  isParentWatched: boolean
  /** Whether this is a worker thread. */
  isWorker: boolean
}): Coordination => {
  const isMinimal = env.PERFMON_LEVEL?.trim().toLowerCase() === 'minimal'
  let work: CoordinationWork | undefined
  const load = (): CoordinationWork => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createCoordinationWork } = createRequire(import.meta.url)(
      './coordination.js',
    ) as CoordinationModule
    work = createCoordinationWork({ recordings, guard, env, identity, followCauses: !isMinimal })
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
  const all = () => work ?? load()
  const isOn = (source: SourceName) => !isMinimal && sources.isOn(source)
  const packages: OtherPackages = {
    patches: [
      ...(isOn('messages.queues') ? jobFiles : []),
      ...(isOn('messages.websocket') ? socketFiles : []),
    ],
    receive(hands, value) {
      if (hands === 'bullMq') all().jobs.worker(value)
      else if (hands === 'bullMqJob') all().jobs.job(value)
      else if (hands === 'webSocket') all().sockets.socket(value)
      else if (hands === 'webSocketServer') all().sockets.server(value)
    },
  }

  const watchHttp = () => {
    const http = () => all().http
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

  const watchThreadMessages = () => {
    const onWorker = guard.wrap<unknown, { worker: Worker }>(({ worker }) => {
      // The latter is Node's thread for `module.register`.
      if (worker.constructor.name !== 'InternalWorker') all().threads().started(worker)
    })
    subscribe('worker_threads', onWorker as (message: unknown) => void)
    const onOwn = guard.wrap<unknown, unknown>(() => all().threads().own())
    if (isWorker) onOwn(undefined)
  }

  return {
    packages,
    watch() {
      if (isOn('messages.http')) watchHttp()
      if (isOn('messages.processes')) {
        watchProcesses({ guard, processes: () => all().processes, isParentWatched })
      }
      if (isOn('messages.threads') && sources.isOn('workers')) watchThreadMessages()
    },
  }
}

const jobFiles: OtherPackages['patches'] = [
  {
    package: 'bullmq',
    file: /\/bullmq\/dist\/(?:esm|cjs)\/classes\/worker\.js$/,
    hands: 'bullMq',
    value: 'Worker',
  },
  {
    package: 'bullmq',
    file: /\/bullmq\/dist\/(?:esm|cjs)\/classes\/job\.js$/,
    hands: 'bullMqJob',
    value: 'Job',
  },
]

const socketFiles: OtherPackages['patches'] = [
  { package: 'ws', file: /\/ws\/lib\/websocket\.js$/, hands: 'webSocket', value: 'WebSocket' },
  {
    package: 'ws',
    file: /\/ws\/lib\/websocket-server\.js$/,
    hands: 'webSocketServer',
    value: 'WebSocketServer',
  },
]

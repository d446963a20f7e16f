import { hookFrameworks } from './ai/hook-frameworks.ts'
import { watchAi } from './ai/watch-ai.ts'
import { createProcessIdentity } from './children/agent-identity.ts'
import { watchChildren } from './children/watch-children.ts'
import type { AgentEnvironment } from './configure/agent-environment.ts'
import { readSources } from './configure/sources.ts'
import { nameInEnvironment } from './coordinate/name-in-environment.ts'
import { prepareCoordination } from './coordinate/prepare-coordination.ts'
import type { AgentExit } from './exit/agent-exit.ts'
import { callCourier } from './exit/call-courier.ts'
import { needsCourier } from './exit/needs-courier.ts'
import { watchExit } from './exit/watch-exit.ts'
import { createHookGuard } from './hook-guard.ts'
import { leaveRoomForListeners } from './leave-room-for-listeners.ts'
import { createRecordings } from './record/recordings.ts'
import { watchFetch } from './record/watch-fetch.ts'
import { watchHttpClient } from './record/watch-http-client.ts'
import { watchHttpServer } from './record/watch-http-server.ts'
import { watchHttp2 } from './record/watch-http2.ts'
import type { Telemetry } from './telemetry.ts'
import { isWorkerThread, shareThread, watchThreads } from './threads/watch-threads.ts'

/** After the agent's first lines: a server has begun to listen by then, and start-up stays the agent's own. */
const loadAfterMs = 100
/** An agent that has used up its file descriptors may give some back. */
const retryAfterMs = 5000
const isPassing = (code: string | undefined) => code === 'EMFILE' || code === 'ENFILE'

type TelemetryModule = typeof import('./telemetry.ts')

/**
 * Hooks at once, so that nothing is missed; everything that costs (the SDK, settings, sockets) afterwards,
 * from a file of its own.
 */
export const startProbe = (environment: AgentEnvironment): void => {
  const { env } = environment
  const sources = readSources(env.PERFMON_DISABLED_SOURCES)
  const guard = createHookGuard()
  const recordings = createRecordings()
  const isWorker = isWorkerThread()
  if (isWorker && !sources.isOn('workers')) return
  // First: what is recorded in a worker thread is recorded for the main thread.
  if (isWorker) shareThread({ recordings, guard })
  if (sources.isOn('http.server')) watchHttpServer({ recordings, guard })
  if (sources.isOn('http.client')) watchHttpClient({ recordings, guard })
  if (sources.isOn('http.client.fetch')) watchFetch({ recordings, guard })
  watchHttp2({ recordings, guard, sources })
  let telemetry: Telemetry | undefined
  const identity = isWorker ? undefined : createProcessIdentity(env, process.env)
  const coordination = prepareCoordination({
    recordings,
    guard,
    env,
    sources,
    identity: () => (identity === undefined ? nameInEnvironment(env) : (telemetry ?? load()).identity),
    isWorker,
    isParentWatched: identity?.parentInstanceId !== undefined,
  })
  if (sources.isOn('ai')) watchAi({ recordings, guard, env, others: coordination.packages })
  else hookFrameworks({ guard, ai: undefined, others: coordination.packages })
  coordination.watch()
  if (identity === undefined) {
    leaveRoomForListeners()
    return
  }
  if (sources.isOn('children')) watchChildren({ guard, identity })
  const stopWatchingThreads = sources.isOn('workers') ? watchThreads({ recordings, guard }) : () => {}

  // By `require`, as an ending agent cannot wait for an `import`, nor take over one that is under way.
  const load = (): Telemetry => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createTelemetry } = createRequire(import.meta.url)('./telemetry.js') as TelemetryModule
    telemetry = createTelemetry({ recordings, guard, environment, sources, identity })
    return telemetry
  }

  const flush = (exit: AgentExit) => {
    stopWatchingThreads()
    const sinceMs = performance.now()
    // A thread needs its time to start: where it will surely be needed, it does so while we load.
    const courier = telemetry === undefined && needsCourier(env) ? callCourier() : undefined
    const loaded = telemetry ?? load()
    loaded.flush({
      exit,
      sinceMs,
      later: (report, waitMs) => (courier ?? callCourier()).deliver(report, waitMs),
    })
  }
  watchExit({ guard, flush })
  leaveRoomForListeners()

  let isTold = false
  const start = async () => {
    try {
      await (telemetry ?? load()).start()
    } catch (error) {
      const { message, code } = (error ?? {}) as NodeJS.ErrnoException
      if (!isTold) process.emitWarning(`The Perfmon probe could not start: ${message}`)
      isTold = true
      if (telemetry === undefined && isPassing(code)) setTimeout(() => void start(), retryAfterMs).unref()
    }
  }
  setTimeout(() => void start(), loadAfterMs).unref()
}

import type { AgentExit } from './exit/agent-exit.ts'
import { callCourier } from './exit/call-courier.ts'
import { watchExit } from './exit/watch-exit.ts'
import { createHookGuard } from './hook-guard.ts'
import { createRecordings } from './record/recordings.ts'
import { watchFetch } from './record/watch-fetch.ts'
import { watchHttpClient } from './record/watch-http-client.ts'
import { watchHttpServer } from './record/watch-http-server.ts'
import type { Telemetry } from './telemetry.ts'

/** After the agent's first lines: a server has begun to listen by then, and start-up stays the agent's own. */
const loadAfterMs = 100

type TelemetryModule = typeof import('./telemetry.ts')

/**
 * Hooks at once, so that nothing is missed; everything that costs (the SDK, settings, sockets) afterwards.
 * The built file is addressed by URL so that the bundler leaves it a file of its own.
 */
export const startProbe = (): void => {
  const guard = createHookGuard()
  const recordings = createRecordings()
  watchHttpServer({ recordings, guard })
  watchHttpClient({ recordings, guard })
  watchFetch({ recordings, guard })

  const file = new URL('./telemetry.js', import.meta.url)
  let telemetry: Telemetry | undefined

  /** An agent that ends before the SDK was loaded: load it now, blocking. */
  const loadAtOnce = (): Telemetry => {
    const { createRequire } = process.getBuiltinModule('node:module')
    const { createTelemetry } = createRequire(import.meta.url)(
      process.getBuiltinModule('node:url').fileURLToPath(file),
    ) as TelemetryModule
    return createTelemetry({ recordings, guard })
  }

  const flush = (exit: AgentExit) => {
    const sinceMs = performance.now()
    // A thread needs its time to start: where it will surely be needed, it does so while we load.
    const courier = telemetry === undefined ? callCourier() : undefined
    const loaded = telemetry ?? loadAtOnce()
    loaded.flush({
      exit,
      sinceMs,
      later: (report, waitMs) => (courier ?? callCourier()).deliver(report, waitMs),
    })
  }
  watchExit({ guard, flush })

  const load = async () => {
    try {
      const { createTelemetry } = (await import(file.href)) as TelemetryModule
      telemetry = createTelemetry({ recordings, guard })
      await telemetry.start()
    } catch (error) {
      process.emitWarning(`The Perfmon probe could not start: ${(error as Error)?.message}`)
    }
  }
  setTimeout(() => void load(), loadAfterMs).unref()
}

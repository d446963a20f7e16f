import type { ReportInterval } from './actions/built-in/sampling-interval.ts'
import type { VitalSigns } from './collect/vital-signs.ts'
import type { Settings } from './configure/read-settings.ts'
import type { Recordings } from './record/recordings.ts'
import type { AgentIdentity } from './websocket/describe-vitals.ts'
import type { WriteLine } from './write-line.ts'

type WebSocketModule = typeof import('./websocket/websocket.ts')

/** Loads the WebSocket server only where it is asked for. Returns its URL when it listens. */
export const startWebSocket = async ({
  settings: { webSocket, actions },
  recordings,
  interval,
  vitals,
  identity,
  ...parts
}: {
  settings: Settings
  recordings: Recordings
  writeLine: WriteLine
  vitals: () => VitalSigns
  identity: AgentIdentity
  hostName: string
  interval: ReportInterval
}): Promise<string | undefined> => {
  if (webSocket === undefined) return undefined
  const file = new URL('./websocket.js', import.meta.url)
  const { createMessageAnswers, listenForMetricsRequests } = (await import(file.href)) as WebSocketModule
  const answers = createMessageAnswers({
    vitals,
    identity,
    actions: {
      ...actions,
      interval,
      isOwnServer: (server) => server === recordings.ownServer,
      now: Date.now,
    },
  })
  return listenForMetricsRequests({ webSocket, answers, recordings, ...parts })
}

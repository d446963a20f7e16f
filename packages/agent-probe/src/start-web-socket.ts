import type { VitalSigns } from './collect/vital-signs.ts'
import type { Settings } from './configure/read-settings.ts'
import type { Recordings } from './record/recordings.ts'
import type { AgentIdentity } from './websocket/answer-metrics-request.ts'
import type { WriteLine } from './write-line.ts'

type WebSocketModule = typeof import('./websocket/listen-for-metrics-requests.ts')

/** Loads the WebSocket server only where it is asked for. Returns its URL when it listens. */
export const startWebSocket = async ({
  settings: { webSocket },
  ...parts
}: {
  settings: Settings
  recordings: Recordings
  writeLine: WriteLine
  vitals: () => VitalSigns
  identity: AgentIdentity
  hostName: string
}): Promise<string | undefined> => {
  if (webSocket === undefined) return undefined
  const file = new URL('./websocket.js', import.meta.url)
  const { listenForMetricsRequests } = (await import(file.href)) as WebSocketModule
  return listenForMetricsRequests({ webSocket, ...parts })
}

import type { VitalSigns } from './collect/vital-signs.ts'
import type { Settings } from './configure/read-settings.ts'
import type { Recordings } from './record/recordings.ts'
import type { WriteLine } from './write-line.ts'

type WebSocketModule = typeof import('./websocket.ts')

/** Loads the WebSocket server only where it is asked for. Returns its URL when it listens. */
export const startWebSocket = async ({
  settings: { webSocket },
  recordings,
  writeLine,
  vitals,
  attributes,
}: {
  settings: Settings
  recordings: Recordings
  writeLine: WriteLine
  vitals: () => VitalSigns
  attributes: Readonly<Record<string, unknown>>
}): Promise<string | undefined> => {
  if (webSocket === undefined) return undefined
  const file = new URL('./websocket.js', import.meta.url)
  const { listenForMetricsRequests } = (await import(file.href)) as WebSocketModule
  return listenForMetricsRequests({ webSocket, recordings, writeLine, vitals, attributes })
}

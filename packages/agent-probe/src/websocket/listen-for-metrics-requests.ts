import type { VitalSigns } from '../collect/vital-signs.ts'
import type { WebSocketSettings } from '../configure/read-settings.ts'
import type { Recordings } from '../record/recordings.ts'
import type { WriteLine } from '../write-line.ts'

export const listenForMetricsRequests = async (_: {
  webSocket: WebSocketSettings
  recordings: Recordings
  writeLine: WriteLine
  vitals: () => VitalSigns
  attributes: Readonly<Record<string, unknown>>
}): Promise<string | undefined> => undefined

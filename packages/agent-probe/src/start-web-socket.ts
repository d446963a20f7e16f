import { createHash, randomBytes } from 'node:crypto'
import { attributeNames } from '@perfmon/protocol/names'
import type { ReportInterval } from './actions/built-in/sampling-interval.ts'
import type { VitalSigns } from './collect/vital-signs.ts'
import type { Settings } from './configure/read-settings.ts'
import type { Recordings } from './record/recordings.ts'
import type { AgentIdentity } from './websocket/describe-vitals.ts'
import type { WriteLine } from './write-line.ts'

type WebSocketModule = typeof import('./websocket/websocket.ts')

/**
 * Opens the ways to ask this agent: it listens, it dials out, both or neither. What they need is loaded only then.
 * Returns the resource attributes that tell where it can be asked.
 */
export const startWebSocket = async ({
  settings: { webSocket, dialOut, actions },
  recordings,
  interval,
  vitals,
  identity,
  writeLine,
  hostName,
}: {
  settings: Settings
  recordings: Recordings
  writeLine: WriteLine
  vitals: () => VitalSigns
  identity: AgentIdentity
  hostName: string
  interval: ReportInterval
}): Promise<Readonly<Record<string, string>>> => {
  if (webSocket === undefined && dialOut === undefined) return {}
  const file = new URL('./websocket.js', import.meta.url)
  const module = (await import(file.href)) as WebSocketModule
  const answers = module.createMessageAnswers({
    vitals,
    identity,
    actions: {
      ...actions,
      interval,
      isOwnServer: (server) => server === recordings.ownServer,
      now: Date.now,
    },
  })
  const places: Record<string, string> = {}

  if (webSocket !== undefined) {
    const url = await module.listenForMetricsRequests({ webSocket, answers, recordings, writeLine, hostName })
    if (url !== undefined) places[attributeNames.agentWebSocketUrl] = url
  }
  if (dialOut !== undefined) {
    const secret = randomBytes(24).toString('hex')
    // In the reports as a digest: so nobody else can dial in as this process.
    const digest = createHash('sha256').update(secret).digest('hex')
    places[attributeNames.agentDialAddress] = `dial-in:${digest}`
    module.startDialOut({
      dialOut,
      hello: { type: 'agent_hello', agentId: identity.agentId, secret },
      answers,
      writeLine,
      uncounted(make) {
        recordings.isDialling = true
        try {
          return make()
        } finally {
          recordings.isDialling = false
        }
      },
      random: Math.random,
      later: (call, ms) => void setTimeout(call, ms).unref(),
    })
  }
  return places
}

import { createAiRecordings } from '../ai/ai-recordings.ts'
import { createMetricCollector } from '../collect/collect-metrics.ts'
import { estimateMemory } from '../collect/estimate-memory.ts'
import { createProbeAccount } from '../collect/probe-account.ts'
import { createDeltaView } from '../collect/to-delta.ts'
import { readSources } from '../configure/sources.ts'
import { createHookGuard } from '../hook-guard.ts'
import { createScrubber } from '../privacy/create-scrubber.ts'
import { recordClientRequest } from '../record/record-client-request.ts'
import { recordServerRequest } from '../record/record-server-request.ts'
import { createRecordings } from '../record/recordings.ts'

/** Of one simulated step. */
export interface ChurnOptions {
  readonly requestsPerStep: number
  readonly newNamesPerStep: number
}

/**
 * An agent that never sees the same peers, routes, models and tools for long: everything that a report takes, with
 * time as an argument, and no process around it.
 */
export const createChurn = ({ requestsPerStep, newNamesPerStep }: ChurnOptions) => {
  const recordings = createRecordings()
  const ai = createAiRecordings(recordings.admission)
  recordings.ai = ai
  let nowMs = 0
  let step = 0
  const collector = createMetricCollector({
    recordings,
    guard: createHookGuard(),
    account: createProbeAccount(),
    readState: () => undefined,
    level: 'standard',
    hostMetrics: false,
    sources: readSources(undefined),
    intervalMs: 1000,
    startedAtMs: 0,
    now: () => nowMs,
  })
  const delta = createDeltaView()
  const scrubber = createScrubber(undefined)

  const request = (name: string, index: number) => {
    const startedAtMs = performance.now()
    recordings.active.client++
    recordings.active.server++
    recordClientRequest(recordings, {
      startedAtMs,
      method: 'GET',
      status: index % 20 === 0 ? 503 : 200,
      failure: undefined,
      peerKey: `https://${name}.example`,
      peer: () => ({ host: `${name}.example`, port: 443 }),
    })
    recordServerRequest(recordings, {
      startedAtMs,
      scheme: 'http',
      method: 'POST',
      status: index % 50 === 0 ? 500 : 200,
      route: `/${name}/:id`,
    })
    const attributes = { 'gen_ai.request.model': name, 'server.address': `${name}.example` }
    ai.operations.record(ai.operations.find(name) ?? ai.operations.admit(name, attributes), 0.1)
    ai.attempts.add(name, 1, () => attributes)
  }

  return {
    /** `seconds` later; returns what a report would hold. */
    step(seconds: number) {
      nowMs += 1000 * seconds
      for (let index = 0; index < requestsPerStep; index++)
        request(`name-${step * newNamesPerStep + (index % newNamesPerStep)}`, index)
      step++
      const metrics = delta.apply(scrubber.metrics(collector.collect()))
      delta.arrived()
      return metrics
    },
    requestCount: () => step * requestsPerStep,
    recordings,
    estimatedBytes: () => estimateMemory({ recordings, reportBytes: 0, isDelta: true }),
    stop: collector.stop,
  }
}

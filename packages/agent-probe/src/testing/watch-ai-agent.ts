import { fileURLToPath } from 'node:url'
import {
  type FakeModelCounts,
  type FakeModelServerOptions,
  startFakeModelServer,
} from '../../../../examples/fake-model-server/fake-model-server.js'
import { type AgentOptions, runAgent } from './run-agent.ts'
import { type ReceivedPoint, type ReceivedReport, startReceiver } from './start-receiver.ts'

/** What models cost in these tests, laid over the table that comes with the probe. */
export const prices = fileURLToPath(new URL('./prices.json', import.meta.url))

export interface AiAgentEnd {
  /** The agent's last report. */
  readonly report: ReceivedReport
  /** All reports, also of processes that it started. */
  readonly reports: readonly ReceivedReport[]
  /** What the model server counted itself. */
  readonly counts: FakeModelCounts
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs an agent to its end against a fake model, at `MODEL_URL`, and answers what both sides counted. */
export const watchAiAgent = async ({
  model: options = {},
  env = {},
  ...agent
}: AgentOptions & { readonly model?: FakeModelServerOptions }): Promise<AiAgentEnd> => {
  const model = await startFakeModelServer({
    latencyMs: 2,
    cachedShare: 0.25,
    cacheWriteShare: 0.125,
    reasoningShare: 0.5,
    ...options,
  })
  const receiver = await startReceiver()
  try {
    const running = await runAgent({
      ...agent,
      env: {
        MODEL_URL: model.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        PERFMON_PRICES: prices,
        ...env,
      },
    })
    const { code, stdout, stderr } = await running.ended
    const { reports } = receiver
    const report = reports.findLast(({ resource }) => resource['process.pid'] === running.process.pid)!
    return { report, reports, counts: model.counts(), code, stdout, stderr }
  } finally {
    await Promise.all([model.close(), receiver.close()])
  }
}

export type Attributes = Record<string, string | number | boolean>

const pointsOf = (report: ReceivedReport, name: string, attributes: Attributes): readonly ReceivedPoint[] =>
  (report.metrics.get(name)?.points ?? []).filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  )

/** Of all points with these attributes: a counter's values, or how often a histogram was recorded. */
export const countOf = (report: ReceivedReport, name: string, attributes: Attributes = {}): number =>
  pointsOf(report, name, attributes).reduce((total, { value }) => total + value, 0)

/** Of all points of a histogram with these attributes. */
export const sumOf = (report: ReceivedReport, name: string, attributes: Attributes = {}): number =>
  pointsOf(report, name, attributes).reduce((total, { sum = 0 }) => total + sum, 0)

/** How many calls to models each agent made; `''` for those of nobody known. */
export const callsByAgent = (report: ReceivedReport): Record<string, number> => {
  const calls: Record<string, number> = {}
  for (const { attributes, value } of report.metrics.get('gen_ai.client.operation.duration')?.points ?? []) {
    const agent = String(attributes['gen_ai.agent.name'] ?? '')
    calls[agent] = (calls[agent] ?? 0) + value
  }
  return calls
}

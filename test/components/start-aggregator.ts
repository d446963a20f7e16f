import { fileURLToPath } from 'node:url'
import type {
  Agent,
  AgentsResponse,
  SamplesResponse,
  Series,
  SeriesResponse,
} from '../../packages/protocol/src/index.ts'
import { type ComponentProcess, startProcess } from './component-process.ts'
import { until } from './until.ts'

const cli = fileURLToPath(new URL('../../packages/cli/bin/perfmon.mjs', import.meta.url))

interface AggregatorOptions {
  readonly dataFolder: string
  /** 0 or absent: any. A restarted aggregator needs the port that its senders know. */
  readonly otlpPort?: number
  /** Demanded of everybody who sends or asks. */
  readonly token?: string
}

export interface RunningAggregator extends ComponentProcess {
  readonly otlpUrl: string
  readonly otlpPort: number
  agents(): Promise<Agent[]>
  seriesOf(agentId: string): Promise<Series[]>
  samplesOf(seriesId: number): Promise<Pick<SamplesResponse, 'timesMs' | 'values'>>
}

interface ReadyLine {
  readonly ready: true
  readonly dashboard: string
  readonly otlp: string
}

/** Starts the aggregator as a user does, as a process of its own, and waits for its ready line. */
export async function startAggregator(options: AggregatorOptions): Promise<RunningAggregator> {
  const { token } = options
  const ports = ['--port', '0', '--otlp-port', `${options.otlpPort ?? 0}`]
  const aggregator = startProcess(
    process.execPath,
    [cli, 'start', '--json', ...ports, '--data', options.dataFolder],
    { env: token === undefined ? {} : { PERFMON_TOKEN: token } },
  )
  const ready = await until('the aggregator is ready', () => readyLine(aggregator.output()), {
    details: aggregator.output,
  })
  const get = async <Body>(path: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await fetch(new URL(path, ready.dashboard), { headers })
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Body
  }
  return {
    ...aggregator,
    otlpUrl: ready.otlp,
    otlpPort: Number(new URL(ready.otlp).port),
    agents: async () => (await get<AgentsResponse>('/api/agents')).agents,
    async seriesOf(agentId) {
      const page = await get<SeriesResponse>(`/api/series?agent=${encodeURIComponent(agentId)}&limit=1000`)
      if (page.truncated) throw new Error(`${agentId} has more than 1000 series`)
      return page.series
    },
    async samplesOf(seriesId) {
      const samples = await get<SamplesResponse>(
        `/api/samples?series=${seriesId}&from=0&to=${Date.now() + 60_000}`,
      )
      if (samples.truncated) throw new Error(`series ${seriesId} has more samples than one answer holds`)
      return samples
    },
  }
}

function readyLine(output: string): ReadyLine | null {
  const line = output.split('\n').find((text) => text.includes('"ready":true'))
  return line === undefined ? null : (JSON.parse(line) as ReadyLine)
}

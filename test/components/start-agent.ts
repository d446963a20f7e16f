import { fileURLToPath } from 'node:url'
import { type ComponentProcess, startProcess } from './component-process.ts'

/** What `node --import @perfmon/agent-probe` loads, from the build, as a user gets it. */
const probe = new URL('../../packages/agent-probe/dist/register.js', import.meta.url).href

const programs = {
  'twenty-requests': new URL('./agents/twenty-requests.ts', import.meta.url),
  'steady-worker': new URL('./agents/steady-worker.ts', import.meta.url),
}

interface AgentOptions {
  readonly program: keyof typeof programs
  readonly otlpUrl: string
  readonly name: string
  readonly swarm: string
  /** `service.instance.id`; the probe makes one up when absent. */
  readonly instanceId?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a real agent process under the real probe. */
export function startAgent(options: AgentOptions): ComponentProcess {
  const program = fileURLToPath(programs[options.program])
  const { instanceId } = options
  return startProcess(process.execPath, ['--import', probe, program], {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpUrl,
      OTEL_SERVICE_NAME: options.name,
      PERFMON_SWARM: options.swarm,
      PERFMON_INTERVAL_MS: '500',
      ...(instanceId !== undefined && { OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${instanceId}` }),
      ...options.env,
    },
  })
}

/** The settings under which Claude Code reports its own metrics and events, to where this agent reports. */
const telemetryOf = (env: Readonly<Record<string, string | undefined>>): Record<string, string> => ({
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf',
  OTEL_EXPORTER_OTLP_ENDPOINT: env.OTEL_EXPORTER_OTLP_ENDPOINT || 'http://127.0.0.1:4318',
})

interface SpawnOptions {
  readonly file?: unknown
  readonly args?: readonly unknown[]
  readonly envPairs?: string[]
}
interface Child {
  spawn?: (options: SpawnOptions) => unknown
}

/** The program `claude`, however it is installed. */
const claudeProgram = /(?:^|[\\/])(?:claude(?:\.exe)?|claude-(?:agent-sdk|code)[^\\/]*[\\/].*)$/

const isClaude = ({ file, args = [] }: SpawnOptions) =>
  // The script of a Node child is its second argument or a later one.
  [file, ...args.slice(0, 4)].some((text) => typeof text === 'string' && claudeProgram.test(text))

/**
 * Adds the settings to the environment of Claude Code children alone: in this process they would change the
 * agent's own OpenTelemetry. A child that has any of them already is left as somebody wanted it.
 */
export const createClaudeCode =
  (env: Readonly<Record<string, string | undefined>>) =>
  (given: object): void => {
    const child = given as Child
    const { spawn } = child
    if (typeof spawn !== 'function') return
    child.spawn = (options) => {
      const { envPairs } = options
      if (Array.isArray(envPairs) && isClaude(options)) {
        const isSet = (name: string) => envPairs.some((pair) => pair.startsWith(`${name}=`))
        if (!isSet('CLAUDE_CODE_ENABLE_TELEMETRY') && !isSet('DISABLE_TELEMETRY')) {
          for (const [name, value] of Object.entries(telemetryOf(env))) {
            if (!isSet(name)) envPairs.push(`${name}=${value}`)
          }
        }
      }
      return spawn.call(child, options)
    }
  }

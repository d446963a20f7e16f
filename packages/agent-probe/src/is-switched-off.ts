/** Package managers run as Node scripts too, and `NODE_OPTIONS` reaches them: nobody wants to watch those. */
const packageManagerScript = /(^|[\\/])(npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(-cli)?(\.[cm]?js)?$/

const isTrue = (value: string | undefined) => value !== undefined && /^(1|true|yes|on)$/i.test(value.trim())

export interface ProcessFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
}

/**
 * Decides before anything is loaded. `OTEL_SDK_DISABLED` and `OTEL_METRICS_EXPORTER=none` count as well:
 * who switches OpenTelemetry off means the probe too. A `--watch` parent only restarts the real agent.
 */
export const isSwitchedOff = ({ env, argv, execArgv }: ProcessFacts): boolean =>
  isTrue(env.PERFMON_DISABLED) ||
  isTrue(env.OTEL_SDK_DISABLED) ||
  env.OTEL_METRICS_EXPORTER?.trim().toLowerCase() === 'none' ||
  packageManagerScript.test(argv[1] ?? '') ||
  (execArgv.includes('--watch') && env.WATCH_REPORT_DEPENDENCIES === undefined)

/** Package managers run as Node scripts too, and `NODE_OPTIONS` reaches them: nobody wants to watch those. */
const packageManagers = new Set(['npm', 'npx', 'pnpm', 'pnpx', 'yarn', 'yarnpkg', 'corepack'])

/** By hand: compiling one regular expression takes a tenth of what the whole preload costs the agent's start. */
const isPackageManager = (script: string): boolean => {
  let name = script.slice(Math.max(script.lastIndexOf('/'), script.lastIndexOf('\\')) + 1)
  for (const ending of ['.js', '.cjs', '.mjs', '-cli']) {
    if (name.endsWith(ending)) name = name.slice(0, -ending.length)
  }
  return packageManagers.has(name)
}

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
  isPackageManager(argv[1] ?? '') ||
  (execArgv.includes('--watch') && env.WATCH_REPORT_DEPENDENCIES === undefined)

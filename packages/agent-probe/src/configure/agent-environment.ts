export type Variables = Readonly<Record<string, string | undefined>>

export interface AgentEnvironment {
  readonly env: Variables
  /** Sentences about the configuration file. */
  readonly warnings: readonly string[]
  /** What a message about a variable should call it. */
  nameOf(variable: string): string
}

type ConfigModule = typeof import('./read-config-file.ts')

/**
 * The environment, and under it the configuration file: a variable wins over the file. Read at the agent's start,
 * as it decides what is hooked; without a file it costs nothing.
 */
export const readEnvironment = (env: Variables): AgentEnvironment => {
  const path = env.PERFMON_CONFIG_FILE
  if (path === undefined || path.trim() === '') return { env, warnings: [], nameOf: (variable) => variable }
  const { createRequire } = process.getBuiltinModule('node:module')
  const { configNameOf, readConfigFile } = createRequire(import.meta.url)('./config-file.js') as ConfigModule
  const { variables, warnings } = readConfigFile(path.trim())
  const isSet = (variable: string) => (env[variable] ?? '').trim() !== ''
  const together: Record<string, string | undefined> = { ...env }
  for (const [variable, value] of Object.entries(variables)) {
    if (!isSet(variable)) together[variable] = value
  }
  return {
    env: together,
    warnings,
    nameOf: (variable) =>
      isSet(variable) ? variable : `${configNameOf(variable) ?? variable} of ${path.trim()}`,
  }
}

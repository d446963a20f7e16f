import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Configuration, ConfigurationError, readConfiguration } from '@perfmon/aggregator'

export interface StartFlags {
  readonly config?: string
  readonly data?: string
  readonly port?: number
  readonly otlpPort?: number
  readonly json?: boolean
}

const defaultFile = 'perfmon.yaml'

/** Settings of a command: its flags over the environment over the file (`--config`, else `perfmon.yaml` when it is there). */
export async function loadConfiguration(flags: StartFlags): Promise<Configuration> {
  const path = flags.config ?? (existsSync(defaultFile) ? defaultFile : undefined)
  const configuration = readConfiguration({
    environment: process.env,
    ...(path === undefined ? {} : { file: { path, text: await readText(path) } }),
  })
  if (flags.data !== undefined) configuration.data.dir = flags.data
  if (flags.port !== undefined) configuration.server.port = flags.port
  if (flags.otlpPort !== undefined) configuration.otlp.port = flags.otlpPort
  return configuration
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw new ConfigurationError(`The configuration file ${path} ${reason}. Check --config.`)
  }
}

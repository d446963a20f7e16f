import { durationSchema, type Mistake, readYaml } from '@perfmon/core'
import { z } from 'zod'
import { collectorsSchema } from './receive/collect/collector-settings.ts'
import { AddressError, agentAddresses } from './receive/discovery/agent-addresses.ts'
import { discoverySchema } from './receive/discovery/discovery-settings.ts'
import { mostTargets } from './receive/discovery/target.ts'
import { isLoopback } from './system/loopback.ts'

const portSchema = z.number().int().min(0).max(65_535)
/** One address, or a range of ports; kept as it is written. */
const addressSchema = z.string().superRefine((text, context) => {
  try {
    agentAddresses(text, mostTargets)
  } catch (error) {
    if (!(error instanceof AddressError)) throw error
    context.addIssue({ code: 'custom', message: `it ${error.message}` })
  }
})
const httpUrlSchema = z.url({ protocol: /^https?$/, error: 'it should look like http://127.0.0.1:9099/' })

const originSchema = z
  .string()
  .regex(/^https?:\/\/[\w.-]+(:\d+)?$/, 'it should look like https://app.example or http://localhost:5173')

const fileSchema = z.strictObject({
  server: z
    .strictObject({ host: z.string().min(1).default('127.0.0.1'), port: portSchema.default(8080) })
    .prefault({}),
  otlp: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: portSchema.default(4318),
      // As the collector's own receiver. OTLP recommends 64 MiB; a body is decoded in one go, and that long nobody else is heard.
      max_body_mib: z.number().min(1).max(1_024).default(20),
      // Before /v1/metrics and the others, for a proxy that hands on whole paths.
      path_prefix: z
        .string()
        .regex(/^[\w./-]{0,200}$/, 'it should look like /otlp')
        .default(''),
      // Pages that may send. None: exporters are no browsers.
      cors_origins: z.array(originSchema).max(100).default([]),
      // Files in PEM. With client_ca a sender needs a certificate that it signed.
      tls: z
        .strictObject({
          cert: z.string().min(1),
          key: z.string().min(1),
          client_ca: z.string().min(1).optional(),
        })
        .optional(),
    })
    .prefault({}),
  data: z
    .strictObject({
      dir: z.string().min(1).default('perfmon-data'),
      retention: durationSchema.prefault('30d'),
      // Of roll-ups. Never less than `retention`.
      retention_minutes: durationSchema.prefault('90d'),
      retention_hours: durationSchema.prefault('400d'),
      max_mib: z.number().min(16).max(1_000_000).default(1_024),
    })
    .prefault({}),
  rules: z.array(z.string().min(1)).max(100).optional(),
  notify: z
    .strictObject({
      console: z.boolean().default(true),
      webhook: z.strictObject({ url: httpUrlSchema, timeout: durationSchema.prefault('5s') }).optional(),
    })
    .prefault({}),
  poll: z
    .strictObject({
      agents: z.array(addressSchema).max(5_000).default([]),
      interval: durationSchema.prefault('1s'),
      timeout: durationSchema.prefault('3s'),
      // Longest wait between two attempts to reach an agent that does not answer.
      reconnect_max: durationSchema.prefault('30s'),
      // Attempts to connect under way at a time.
      connecting: z.number().int().min(1).max(1_000).default(100),
      max_agents: z.number().int().min(1).max(100_000).default(5_000),
    })
    .prefault({}),
  discovery: discoverySchema,
  collectors: collectorsSchema,
  limits: z
    .strictObject({
      agents: z.number().int().min(1).default(20_000),
      series: z.number().int().min(1).default(1_000_000),
      series_per_agent: z.number().int().min(1).default(2_000),
      // How far behind the newest of its series a point may come and still be stored in its place.
      late_window: durationSchema.prefault('1h'),
      // How far ahead of the aggregator's clock a point may lie.
      future_window: durationSchema.prefault('1m'),
    })
    .prefault({}),
})

/** The aggregator's settings, complete: file, environment and flags merged, defaults filled in. */
export interface Configuration extends z.output<typeof fileSchema> {
  /** Required of everybody when a listener is reachable from other machines. Never written to a file or log. */
  readonly token: string | undefined
  readonly logLevel: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What cannot be run, with one sentence per mistake. */
export class ConfigurationError extends Error {
  readonly mistakes: readonly Mistake[]
  constructor(message: string, mistakes: readonly Mistake[] = []) {
    super(message)
    this.name = 'ConfigurationError'
    this.mistakes = mistakes
  }
}

export interface ConfigurationSources {
  /** Absent: no file, all defaults. */
  readonly file?: { readonly path: string; readonly text: string }
  readonly environment: Environment
}

/**
 * Reads the settings. Order of precedence: environment over file over default; a command's flags are applied by
 * the command on the result. Variables: `PERFMON_TOKEN`, `PERFMON_LOG_LEVEL`, `PERFMON_HOST`, `PERFMON_PORT`,
 * `PERFMON_OTLP_PORT`, `PERFMON_DATA`, `PERFMON_AGENTS` (comma-separated `ws://` addresses), `ALERT_WEBHOOK_URL`.
 *
 * @throws ConfigurationError that names every mistake with its place
 */
export function readConfiguration({ file, environment }: ConfigurationSources): Configuration {
  const reading = readYaml(file?.path ?? 'defaults', file?.text ?? '', fileSchema)
  if (!reading.value) throw new ConfigurationError(`${file?.path} cannot be used.`, reading.mistakes)
  const settings = reading.value
  const text = (name: string) => environment[name]?.trim() || undefined

  const host = text('PERFMON_HOST')
  if (host) {
    settings.server.host = host
    settings.otlp.host = host
  }
  const port = text('PERFMON_PORT')
  if (port) settings.server.port = environmentValue('PERFMON_PORT', Number(port), portSchema)
  const otlpPort = text('PERFMON_OTLP_PORT')
  if (otlpPort) settings.otlp.port = environmentValue('PERFMON_OTLP_PORT', Number(otlpPort), portSchema)
  const dir = text('PERFMON_DATA')
  if (dir) settings.data.dir = dir
  const agents = text('PERFMON_AGENTS')
  if (agents) {
    const urls = agents.split(',').map((url) => url.trim())
    settings.poll.agents = environmentValue('PERFMON_AGENTS', urls, z.array(addressSchema))
  }
  const webhook = text('ALERT_WEBHOOK_URL')
  if (webhook) {
    const url = environmentValue('ALERT_WEBHOOK_URL', webhook, httpUrlSchema)
    settings.notify.webhook = { timeout: 5_000, ...settings.notify.webhook, url }
  }
  const logLevel = text('PERFMON_LOG_LEVEL') ?? 'warn'
  const logLevels = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  return {
    ...settings,
    token: text('PERFMON_TOKEN'),
    logLevel: environmentValue('PERFMON_LOG_LEVEL', logLevel, logLevels),
  }
}

function environmentValue<S extends z.ZodType>(name: string, value: unknown, schema: S): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ConfigurationError(
    `The environment variable ${name} is not usable: ${parsed.error.issues[0]?.message}.`,
  )
}

/** @throws ConfigurationError when a listener would be open to other machines without a token */
export function demandTokenBeyondLoopback(configuration: Configuration): void {
  if (configuration.token !== undefined && configuration.token.length < 16) {
    throw new ConfigurationError(
      'PERFMON_TOKEN is shorter than 16 characters. Make one with: openssl rand -hex 24',
    )
  }
  for (const host of [configuration.server.host, configuration.otlp.host]) {
    if (isLoopback(host) || configuration.token !== undefined) continue
    throw new ConfigurationError(
      `Listening on ${host} is open to other machines and needs a token. Set PERFMON_TOKEN, or listen on 127.0.0.1.`,
    )
  }
}

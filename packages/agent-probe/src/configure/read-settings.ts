import { attributeNames } from '@perfmon/protocol/names'
import type { BudgetLimits } from '../budget/keep-budget.ts'
import type { Anonymization } from '../privacy/anonymize-attributes.ts'
import { defaultServiceName } from './default-service-name.ts'
import { isHeaderValue, parseHeaders, parsePairs } from './parse-pairs.ts'
import { parseSampling, recordEverything, type Sampling, samplingExpected } from './parse-sampling.ts'
import { readAllowedActions } from './read-allowed-actions.ts'
import { type DialOutSettings, readDialOut } from './read-dial-out.ts'
import { readTls, type TlsSettings } from './read-tls.ts'
import { readSources, sourceNames } from './sources.ts'

export const levels = ['minimal', 'standard', 'detailed'] as const
export type Level = (typeof levels)[number]

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

export interface WebSocketSettings {
  readonly host: string
  /** `0` is any free port. */
  readonly firstPort: number
  readonly lastPort: number
  readonly token: string | undefined
}

export interface ActionSettings {
  /** Names of built-in actions; `*` is all. Empty unless the agent's operator says otherwise. */
  readonly allowed: ReadonlySet<string>
  /** Where profiles go; the default is a folder of this user in the system's temporary one. */
  readonly profileDir: string | undefined
}

export interface Settings {
  /** Full URL that reports are posted to. */
  readonly url: string
  readonly protocol: 'http/protobuf' | 'http/json'
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsSettings | undefined
  readonly compression: 'gzip' | 'none'
  readonly timeoutMs: number
  readonly intervalMs: number
  /** Longest time without a report, of an agent with nothing to tell. Never less than the interval. */
  readonly idleIntervalMs: number
  /** How long an ending agent may be held up for its last report; 0 sends none. */
  readonly exitWaitMs: number
  /** What the probe may use before it does less. */
  readonly budget: BudgetLimits
  /** Names that leave as tokens only; absent where none does. */
  readonly anonymization: Anonymization | undefined
  /** Which HTTP requests are recorded. */
  readonly sampling: Sampling
  readonly temporality: 'cumulative' | 'delta'
  readonly level: Level
  /** Whether this agent tells of its machine too. */
  readonly hostMetrics: boolean
  readonly logLevel: LogLevel
  readonly resource: Readonly<Record<string, string>>
  readonly webSocket: WebSocketSettings | undefined
  /** Where the probe connects to by itself. */
  readonly dialOut: DialOutSettings | undefined
  readonly actions: ActionSettings
}

export interface SettingsSource {
  readonly env: Readonly<Record<string, string | undefined>>
  /** `process.argv[1]` */
  readonly script: string | undefined
  /** What a message calls a variable, which may come from a file. */
  readonly nameOf?: (variable: string) => string
  /** Started by a watched process, whose variables it has. */
  readonly isChild?: boolean
}

/** Hosts that never leave the machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

/** How many ports behind a parent's single one its children may take. */
const childPorts = 100

const defaultUrl = 'http://127.0.0.1:4318/v1/metrics'

/** A value for a message: agents' logs are read by many, so no credentials and no floods. */
const shown = (value: string) => JSON.stringify(value.replace(/\/\/[^/@]*@/, '//***@')).slice(0, 120)

/**
 * Reads `OTEL_*` and `PERFMON_*` variables. Empty means unset, closed lists ignore case. A bad value is
 * answered by one warning that names the variable and the remedy, and by the default: the agent starts.
 */
export const readSettings = ({
  env,
  script,
  nameOf = (variable) => variable,
  isChild = false,
}: SettingsSource): { settings: Settings; warnings: readonly string[] } => {
  const warnings: string[] = []

  const text = (name: string): string | undefined => {
    const value = env[name]?.trim()
    return value === undefined || value === '' ? undefined : value
  }

  /** The first of these variables that holds a good value, else the default. Bad ones are named. */
  const firstGood = <Value>(
    names: readonly string[],
    read: (text: string) => Value | undefined,
    { expected, standard }: { expected: string; standard: Value },
  ): Value => {
    const bad: string[] = []
    const find = (): Value => {
      for (const name of names) {
        const value = text(name)
        if (value === undefined) continue
        const good = read(value)
        if (good !== undefined) return good
        bad.push(`${nameOf(name)}=${shown(value)} is not ${expected}`)
      }
      return standard
    }
    const used = find()
    for (const complaint of bad) warnings.push(`${complaint}; using ${used}`)
    return used
  }

  const oneOf = <Choice extends string>(
    names: readonly string[],
    choices: readonly Choice[],
    standard: Choice,
  ) =>
    firstGood(names, (value) => choices.find((choice) => choice === value.toLowerCase()), {
      expected: `one of ${choices.join(', ')}`,
      standard,
    })

  const milliseconds = (names: readonly string[], min: number, max: number, standard: number) =>
    firstGood(
      names,
      (value) => {
        const number = Number(value)
        return Number.isInteger(number) && number >= min && number <= max ? number : undefined
      },
      { expected: `a whole number of milliseconds from ${min} to ${max}`, standard },
    )

  const amount = (name: string, unit: string, min: number, max: number, standard: number) =>
    firstGood(
      [name],
      (value) => {
        const number = Number(value)
        return number >= min && number <= max ? number : undefined
      },
      { expected: `${unit} from ${min} to ${max}`, standard },
    )

  const readUrl = (value: string, path: string): string | undefined => {
    if (!URL.canParse(value)) return undefined
    const url = new URL(value)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
    if (path !== '') url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
    return url.href
  }

  const pairsFrom = (name: string, parse: typeof parsePairs, example: string): Record<string, string> => {
    const value = text(name)
    if (value === undefined) return {}
    const pairs = parse(value)
    // Values of these lists can be secrets: the message shows none.
    if (pairs === undefined)
      warnings.push(`${nameOf(name)} is not a list such as ${example}; all of it is ignored`)
    return pairs ?? {}
  }

  const expected = 'an http:// or https:// URL such as http://127.0.0.1:4318'
  // The general variable is a base, the one for metrics the address itself.
  const base = { expected, standard: defaultUrl }
  const general = firstGood(['OTEL_EXPORTER_OTLP_ENDPOINT'], (value) => readUrl(value, 'v1/metrics'), base)
  const url = firstGood(['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'], (value) => readUrl(value, ''), {
    expected,
    standard: general,
  })

  const { unknown } = readSources(text('PERFMON_DISABLED_SOURCES'))
  if (unknown.length > 0) {
    warnings.push(
      `${nameOf('PERFMON_DISABLED_SOURCES')}: there is no source ${unknown.map(shown).join(', ')}; there are ` +
        sourceNames.join(', '),
    )
  }

  const readToken = (): string | undefined => {
    const token = text('PERFMON_TOKEN')
    if (token === undefined || isHeaderValue(token)) return token
    warnings.push(`${nameOf('PERFMON_TOKEN')} holds characters that no HTTP header may carry; it is ignored`)
    return undefined
  }
  const token = readToken()
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...pairsFrom('OTEL_EXPORTER_OTLP_HEADERS', parseHeaders, 'x-tenant=blue,x-region=eu'),
    ...pairsFrom('OTEL_EXPORTER_OTLP_METRICS_HEADERS', parseHeaders, 'x-tenant=blue,x-region=eu'),
  }

  const protocol = oneOf(
    ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    ['http/protobuf', 'http/json'],
    'http/protobuf',
  )
  const compression = oneOf(
    ['OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'OTEL_EXPORTER_OTLP_COMPRESSION'],
    ['gzip', 'none'],
    // Loopback bytes are free and gzip is not; anything else pays for its bytes.
    isLoopback(new URL(url).hostname) ? 'none' : 'gzip',
  )
  const intervalMs = milliseconds(
    ['PERFMON_INTERVAL_MS', 'OTEL_METRIC_EXPORT_INTERVAL'],
    100,
    3_600_000,
    1000,
  )
  const idleIntervalMs = milliseconds(
    ['PERFMON_IDLE_INTERVAL_MS'],
    100,
    3_600_000,
    Math.max(intervalMs, Math.min(5 * intervalMs, 5000)),
  )
  const timeoutMs = milliseconds(
    ['OTEL_EXPORTER_OTLP_METRICS_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT'],
    1,
    600_000,
    10_000,
  )
  const exitWaitMs = milliseconds(['PERFMON_EXIT_WAIT_MS'], 0, 60_000, 250)
  const temporality = oneOf(
    ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'],
    ['cumulative', 'delta', 'lowmemory'],
    'cumulative',
  )

  const exporter = text('OTEL_METRICS_EXPORTER')
  if (exporter !== undefined && exporter.toLowerCase() !== 'otlp') {
    warnings.push(`OTEL_METRICS_EXPORTER=${shown(exporter)}: the probe only has otlp and none, and uses otlp`)
  }

  const given = pairsFrom('OTEL_RESOURCE_ATTRIBUTES', parsePairs, 'deployment.environment.name=test')
  const swarm = text('PERFMON_SWARM') ?? given[attributeNames.serviceNamespace]
  const resource = {
    ...given,
    [attributeNames.serviceName]:
      text('OTEL_SERVICE_NAME') ?? given[attributeNames.serviceName] ?? defaultServiceName(script),
    ...(swarm !== undefined && { [attributeNames.serviceNamespace]: swarm }),
  }

  const readWebSocket = (): WebSocketSettings | undefined => {
    const value = text('PERFMON_WS_PORT')
    if (value === undefined) return undefined
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value) ?? []
    const firstPort = Number(first)
    const lastPort = Number(last)
    if (!(firstPort <= lastPort && lastPort <= 65_535)) {
      warnings.push(
        `${nameOf('PERFMON_WS_PORT')}=${shown(value)} is not a port such as 3000, 0 (any) or a range 3000-3099`,
      )
      return undefined
    }
    const host = text('PERFMON_WS_HOST') ?? '127.0.0.1'
    if (!isLoopback(host) && token === undefined) {
      warnings.push(
        `${nameOf('PERFMON_WS_HOST')}=${shown(host)} opens the agent to the network without a token: set PERFMON_TOKEN, or` +
          ' leave PERFMON_WS_HOST out for this machine only. Nothing listens now',
      )
      return undefined
    }
    // One port can only be one process's: it is the parent's, and its children take the ports behind it.
    if (isChild && firstPort === lastPort && firstPort !== 0) {
      const childPort = Math.min(firstPort + 1, 65_535)
      return { host, firstPort: childPort, lastPort: Math.min(firstPort + childPorts, 65_535), token }
    }
    return { host, firstPort, lastPort, token }
  }

  const readDialOutSettings = (): DialOutSettings | undefined => {
    const address = text('PERFMON_AGGREGATOR_URL')
    if (address === undefined) return undefined
    const certificateFile =
      text('OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE') ?? text('OTEL_EXPORTER_OTLP_CERTIFICATE')
    const dialOut = readDialOut({ address, token, certificateFile, isLoopback })
    if (dialOut === undefined) {
      warnings.push(
        `${nameOf('PERFMON_AGGREGATOR_URL')}=${shown(address)} is not an address such as ws://127.0.0.1:8080; the probe does not dial out`,
      )
    }
    return dialOut
  }

  const { allowed, warnings: unknownActions } = readAllowedActions(text('PERFMON_ALLOW_ACTIONS'))
  warnings.push(...unknownActions)

  const readAnonymization = (): Anonymization | undefined => {
    const choices = ['names', 'paths']
    const wanted = firstGood(
      ['PERFMON_ANONYMIZE'],
      (value) => {
        const listed = value
          .toLowerCase()
          .split(',')
          .map((choice) => choice.trim())
        return listed.every((choice) => choice === 'none' || choices.includes(choice))
          ? listed.join()
          : undefined
      },
      // Who asked for something with a slip of the pen wants too much rather than nothing.
      {
        expected: 'names, paths, names,paths or none',
        standard: text('PERFMON_ANONYMIZE') ? 'names,paths' : 'none',
      },
    )
    const names = wanted.includes('names')
    const paths = wanted.includes('paths')
    return names || paths ? { names, paths, key: text('PERFMON_ANONYMIZE_KEY') } : undefined
  }

  const samplingText = firstGood(['PERFMON_SAMPLING'], (value) => parseSampling(value) && value, {
    expected: samplingExpected,
    standard: 'all',
  })
  const sampling = parseSampling(samplingText) ?? recordEverything

  const level = oneOf(['PERFMON_LEVEL'], levels, 'standard')
  const readHostMetrics = (): boolean => {
    const wanted = oneOf(['PERFMON_HOST_METRICS'], ['on', 'off'], level === 'detailed' ? 'on' : 'off')
    // It is its parent's machine too, which tells of it already.
    return wanted === 'on' && !isChild
  }

  const settings: Settings = {
    url,
    protocol,
    headers,
    tls: readTls({ text, nameOf, warn: (sentence) => warnings.push(sentence) }),
    compression,
    timeoutMs,
    intervalMs,
    idleIntervalMs: Math.max(intervalMs, idleIntervalMs),
    exitWaitMs,
    sampling,
    anonymization: readAnonymization(),
    budget: {
      cpuShare: amount('PERFMON_MAX_CPU_PERCENT', 'a percentage of one core', 0.01, 100, 1) / 100,
      memoryBytes: amount('PERFMON_MAX_MEMORY_MB', 'a number of megabytes', 4, 4096, 16) * 1_000_000,
    },
    temporality: temporality === 'cumulative' ? 'cumulative' : 'delta',
    level,
    hostMetrics: readHostMetrics(),
    logLevel: oneOf(['PERFMON_LOG_LEVEL'], logLevels, 'warn'),
    resource,
    webSocket: readWebSocket(),
    dialOut: readDialOutSettings(),
    actions: { allowed, profileDir: text('PERFMON_PROFILE_DIR') },
  }
  return { settings, warnings }
}

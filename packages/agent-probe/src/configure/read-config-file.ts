import { readFileSync } from 'node:fs'
import { asVariable, configKeys, kindNames } from './config-keys.ts'

export interface ConfigFile {
  /** What the file sets, as environment variables. */
  readonly variables: Readonly<Record<string, string>>
  /** What is wrong with it: one sentence with file, place and remedy, or none. */
  readonly warnings: readonly string[]
}

/** Whoever writes more than this has named the wrong file. */
const maxBytes = 256 * 1024

const shown = (text: string) => JSON.stringify(text).slice(0, 120)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `{ webSocket: { port: 0 } }` as `webSocket.port`; objects that are a setting themselves stay whole. */
const flatten = (settings: Record<string, unknown>): [string, unknown][] =>
  Object.entries(settings).flatMap(([name, value]): [string, unknown][] =>
    isObject(value) && configKeys[name] === undefined
      ? Object.entries(value).map(([inner, part]) => [`${name}.${inner}`, part])
      : [[name, value]],
  )

/** Reads `PERFMON_CONFIG_FILE`. Never throws: the agent starts with what could be understood. */
export const readConfigFile = (path: string, read: (path: string) => string = readText): ConfigFile => {
  const nothing = (sentence: string): ConfigFile => ({ variables: {}, warnings: [sentence] })
  const file = `PERFMON_CONFIG_FILE ${shown(path)}`
  let settings: unknown
  try {
    settings = JSON.parse(read(path))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!(error instanceof SyntaxError)) {
      return nothing(`${file} cannot be read (${code ?? message}): name a file that is there; it is ignored`)
    }
    // Its words quote the file, which may hold a token: only the place is repeated.
    const [place] = /line \d+ column \d+/.exec(message) ?? /position \d+/.exec(message) ?? ['its end']
    return nothing(`${file} is not JSON, look at ${place}; all of it is ignored`)
  }
  if (!isObject(settings)) {
    return nothing(`${file} must hold an object such as {"intervalMs": 1000}; all of it is ignored`)
  }
  const variables: Record<string, string> = {}
  const wrong: string[] = []
  const unknown: string[] = []
  for (const [name, value] of flatten(settings)) {
    const key = Object.hasOwn(configKeys, name) ? configKeys[name] : undefined
    if (key === undefined) {
      unknown.push(shown(name))
      continue
    }
    const text = asVariable(key.kind, value)
    if (text === undefined) wrong.push(`${name} must be ${kindNames[key.kind]}`)
    else variables[key.variable] = text
  }
  const remedy = unknown.length > 0 ? `; there are ${Object.keys(configKeys).join(', ')}` : ''
  if (unknown.length > 0) wrong.push(`there is no setting ${unknown.slice(0, 5).join(', ')}`)
  const warnings = wrong.length > 0 ? [`${file}: ${wrong.join('; ')}. The rest of it is used${remedy}`] : []
  return { variables, warnings }
}

const readText = (path: string): string => {
  const text = readFileSync(path, 'utf8')
  if (text.length > maxBytes) throw Object.assign(new Error('too large'), { code: 'EFBIG' })
  return text
}

/** The file's name of a variable that it sets, for messages. */
export const configNameOf = (variable: string): string | undefined =>
  Object.entries(configKeys).find(([, key]) => key.variable === variable)?.[0]

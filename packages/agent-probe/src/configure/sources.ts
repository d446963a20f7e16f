/**
 * What can be switched off by itself. A name stands for everything beneath it too: `http` for all of HTTP,
 * `http.client` for every request made, whoever made it.
 */
export const sourceNames = [
  'process',
  'eventloop',
  'eventloop.delay',
  'heap',
  'gc',
  'http',
  'http.server',
  'http.server.http2',
  'http.client',
  'http.client.fetch',
  'http.client.http2',
  'ai',
  'messages',
  'messages.http',
  'messages.processes',
  'messages.threads',
  'messages.websocket',
  'messages.queues',
  'workers',
  'children',
  'host',
] as const

export type SourceName = (typeof sourceNames)[number]

export interface Sources {
  /** Whether a source is wanted: what is not must not even be hooked. */
  isOn(source: SourceName): boolean
  /** Names given that there are none of. */
  readonly unknown: readonly string[]
}

/** Reads `PERFMON_DISABLED_SOURCES`, a list with commas. Before the agent's first line, so mostly it does nothing. */
export const readSources = (list: string | undefined): Sources => {
  if (list === undefined || list === '') return { isOn: () => true, unknown: [] }
  const off = list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  return {
    isOn: (source) => !off.some((name) => source === name || source.startsWith(`${name}.`)),
    unknown: off.filter((name) => !sourceNames.some((known) => known === name)),
  }
}

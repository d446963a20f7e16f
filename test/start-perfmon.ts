import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AgentsResponse, AlertsResponse, SamplesResponse, SeriesResponse } from '@perfmon/protocol'

export const root = join(import.meta.dirname, '..')
/** The Node of the workspace. */
export const node: string = createRequire(import.meta.url).resolve('node/bin/node')
const perfmon = join(root, 'packages/cli/bin/perfmon.mjs')

export interface PerfmonProcess {
  readonly dashboard: string
  readonly otlp: string
  readonly pid: number
  /** Everything it has said on stderr so far. */
  stderr(): string
  agents(): Promise<AgentsResponse['agents']>
  alerts(state?: string): Promise<AlertsResponse['alerts']>
  series(agentId: string, metric?: string): Promise<SeriesResponse['series']>
  samples(series: number): Promise<SamplesResponse>
  /** SIGTERM and wait. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL and wait: what a crash, an OOM killer or a power cut looks like to the files. */
  kill(): Promise<void>
}

export interface StartOptions {
  readonly dataDir: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Fixed ports for a restart at the same address; 0, the default, takes free ones. */
  readonly port?: number
  readonly otlpPort?: number
}

/** Runs the built `perfmon start` as a user would; resolves when it has said that it is ready. */
export async function startPerfmon(options: StartOptions): Promise<PerfmonProcess> {
  const { dataDir, args = [], env = {}, port = 0, otlpPort = 0 } = options
  const flags = [
    'start',
    '--json',
    '--port',
    String(port),
    '--otlp-port',
    String(otlpPort),
    '--data',
    dataDir,
  ]
  const child = spawn(node, [perfmon, ...flags, ...args], {
    cwd: dataDir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const line = await firstLine(child, () => stderr)
  const ready = JSON.parse(line) as { dashboard: string; otlp: string }

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(ready.dashboard + path)
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  return {
    ...ready,
    pid: child.pid!,
    stderr: () => stderr,
    agents: async () => (await get<AgentsResponse>('/api/agents')).agents,
    alerts: async (state = 'pending,active,resolved') =>
      (await get<AlertsResponse>(`/api/alerts?state=${state}`)).alerts,
    series: async (agentId, metric) => {
      const query = new URLSearchParams({ agent: agentId, ...(metric === undefined ? {} : { metric }) })
      return (await get<SeriesResponse>(`/api/series?${query}`)).series
    },
    samples: (series) => get<SamplesResponse>(`/api/samples?series=${series}&limit=100000`),
    stop: () => end(child, 'SIGTERM'),
    async kill() {
      await end(child, 'SIGKILL')
    },
  }
}

/** First line that a child prints; rejects with what it said when it ends before. */
export async function firstLine(child: ChildProcess, said: () => string): Promise<string> {
  const lines = createInterface({ input: child.stdout! })
  return await new Promise((resolve, reject) => {
    lines.once('line', resolve)
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready: ${said()}`)))
  })
}

/** Ends a child and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exit = once(child, 'exit')
  child.kill(signal)
  const [code] = await exit
  return code as number | null
}

/** A folder of its own, removed by the returned function. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'perfmon-story-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Runs `perfmon` with these arguments to its end. */
export async function runPerfmon(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
) {
  const child = spawn(node, [perfmon, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, stdout, stderr }
}

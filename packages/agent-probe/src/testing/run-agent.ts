import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))

/** Bundles the sources: the tests run what is shipped. */
export const buildProbe = async (): Promise<void> => {
  await promisify(execFile)(process.execPath, ['build.mjs'], { cwd: packageFolder })
}

export const registerFile = new URL('../../dist/register.js', import.meta.url).href

export interface RunningAgent {
  readonly process: ChildProcess
  /** Everything written so far. */
  output(): { stdout: string; stderr: string }
  /** Resolves when standard output or error contains the text. */
  said(text: string): Promise<void>
  /** How it ended; standard output and error are complete by then. */
  readonly ended: Promise<{
    code: number | null
    signal: NodeJS.Signals | null
    stdout: string
    stderr: string
  }>
}

export interface AgentOptions {
  readonly source: string
  /** File name of the agent; its extension decides between ESM and CommonJS. */
  readonly file?: string
  /** Folder in which the agent finds packages; it is written into one of its own below it. */
  readonly folder?: string
  readonly env?: Record<string, string>
  /** Options of Node. Preloads the built probe by default. */
  readonly nodeOptions?: readonly string[]
  /** Path of another Node than the one of the tests. */
  readonly node?: string
}

/** Runs a program as a user would run an agent. */
export const runAgent = async ({
  source,
  file = 'agent.mjs',
  folder: parent = tmpdir(),
  env = {},
  nodeOptions = ['--import', registerFile],
  node = process.execPath,
}: AgentOptions): Promise<RunningAgent> => {
  const folder = await mkdtemp(join(parent, 'perfmon-agent-'))
  const path = join(folder, file)
  await writeFile(path, source)
  const child = spawn(node, [...nodeOptions, path], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      PERFMON_INTERVAL_MS: '100',
      PERFMON_IDLE_INTERVAL_MS: '100',
      // Ten reports per second are more than its budget allows.
      PERFMON_MAX_CPU_PERCENT: '100',
      // A crowded machine must not lose last reports: what is tested is that they are sent.
      PERFMON_EXIT_WAIT_MS: '5000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
      for (const look of listeners) look()
    })
  }
  const ended = once(child, 'close').then(async ([code, signal]) => {
    await rm(folder, { recursive: true, force: true })
    return { code, signal, ...written }
  })
  return {
    process: child,
    output: () => ({ ...written }),
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (`${written.stdout}\n${written.stderr}`.includes(text)) {
            listeners.delete(look)
            resolve()
          }
        }
        listeners.add(look)
        look()
        void ended.then(() => reject(new Error(`ended without saying ${text}: ${JSON.stringify(written)}`)))
      }),
    ended,
  }
}

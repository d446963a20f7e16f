import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { end, firstLine, node, root } from './start-perfmon.ts'

const probe = pathToFileURL(join(root, 'packages/agent-probe/dist/register.js')).href

export interface AgentProcess {
  /** Where it serves. */
  readonly url: string
  readonly child: ChildProcess
  stderr(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Runs a program of `test/agents` as an unmodified agent under the built probe; it prints its address when it serves. */
export async function startAgent(
  program: string,
  otlp: string,
  env: Readonly<Record<string, string>> = {},
): Promise<AgentProcess> {
  const child = spawn(node, ['--import', probe, join(root, 'test/agents', program)], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: otlp, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const url = await firstLine(child, () => stderr)
  return { url, child, stderr: () => stderr, stop: (signal = 'SIGTERM') => end(child, signal) }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'

interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A component that runs until it is stopped. */
export interface ComponentProcess {
  /** Both streams so far, at most the last 64 KB. */
  output(): string
  /** Exit code once it has ended, null while it runs and after a death by signal. */
  exitCode(): number | null
  /** Resolves when the process has ended; a second call and one after its end are harmless. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const keptOutput = 64 * 1024
const graceMs = 20_000

export function startProcess(
  program: string,
  args: readonly string[],
  options: ProcessOptions = {},
): ComponentProcess {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const take = (chunk: Buffer) => {
    output = (output + chunk).slice(-keptOutput)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const ended = once(child, 'close').catch((error: unknown) => {
    output += `\n${program} could not be started: ${error}`
  })
  return {
    output: () => output,
    exitCode: () => child.exitCode,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      // A component that ignores its signal must not hang the whole run.
      const tooLate = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await ended
      clearTimeout(tooLate)
    },
  }
}

import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Agents on the last core, alone as far as it goes; the load, the sinks and this program on the first. */
export const agentCore = availableParallelism() - 1

const quietly = (program, options) => {
  try {
    execFileSync(program, options, { stdio: 'ignore' })
  } catch {
    // Not allowed here: the figures are noisier, the dropped slices more.
  }
}

/** Every thread of a process onto a core, and ahead of ordinary work of others on this machine. */
export const pin = (pid, core) => {
  quietly('taskset', ['-apc', String(core), String(pid)])
  quietly('renice', ['-n', '-19', '-p', String(pid)])
}

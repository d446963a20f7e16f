import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agentCore } from './cores.mjs'

/**
 * Agents live outside of this repository: the probe looks for frameworks in the folders above an agent, and finds the
 * development tools of this one.
 */
const home = mkdtempSync(join(tmpdir(), 'perfmon-agents-'))
cpSync(fileURLToPath(new URL('./agents/', import.meta.url)), home, { recursive: true })
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

export const agentHome = home

/** On the agent's core from its first instruction, which `taskset` after the start would miss. */
export const command = (contestant, script) => [
  'taskset',
  [
    '-c',
    String(agentCore),
    process.execPath,
    ...contestant.options,
    join(home, `${script}.${contestant.format}`),
  ],
]

/** An agent that serves: its process id and its port. */
export const startAgent = async (contestant, environment) => {
  const child = spawn(...command(contestant, 'server'), {
    env: { ...environment, ...contestant.env },
    cwd: home,
    stdio: ['ignore', 'ignore', process.env.SHOW_AGENTS ? 'inherit' : 'ignore', 'ipc'],
  })
  const answer = once(child, 'message')
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${contestant.name} ended before it listened`)
  })
  ended.catch(() => {})
  const [{ port }] = await Promise.race([answer, ended])
  return {
    pid: child.pid,
    port,
    async end() {
      const closed = once(child, 'exit')
      child.kill('SIGKILL')
      await closed
    },
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { agentCore } from './cores.mjs'

/** On the agent's core from its first instruction, which `taskset` after the start would miss. */
export const command = (contestant, script) => [
  'taskset',
  [
    '-c',
    String(agentCore),
    process.execPath,
    ...contestant.options,
    fileURLToPath(new URL(`./agents/${script}.${contestant.format}`, import.meta.url)),
  ],
]

/** An agent that serves: its process id and its port. */
export const startAgent = async (contestant, environment) => {
  const child = spawn(...command(contestant, 'server'), {
    env: { ...environment, ...contestant.env },
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

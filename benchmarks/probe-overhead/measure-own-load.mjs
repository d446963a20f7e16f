import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { command } from './start-agent.mjs'

/**
 * CPU per task of agents that load themselves, all contestants in turn. Nothing waits for another program, so that a
 * busy machine only adds to a slice, by cold caches; the least tenth of many short ones is what a task costs.
 */
export const measureOwnLoad = async ({ contestants, environment, effort, say }) => {
  const slices = contestants.map(() => [])
  for (let round = 0; round < effort.ownLives; round++) {
    const order = round % 2 === 0 ? [...contestants.keys()] : [...contestants.keys()].reverse()
    for (const index of order) {
      const contestant = { ...contestants[index], format: 'cjs' }
      const child = spawn(...command(contestant, 'own-load'), {
        env: { ...environment, ...contestant.env, OWN_LOAD: JSON.stringify(effort.ownLoad) },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      })
      const [cpuUs] = await once(child, 'message')
      slices[index].push(cpuUs)
      child.kill()
    }
    say(`agents that load themselves: round ${round + 1} of ${effort.ownLives}`)
  }
  const leastTenth = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)]
  // One value per life: its spread is that of the process, not of its slices.
  return slices.map((lives) => lives.map(leastTenth))
}

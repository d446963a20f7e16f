import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from './load.mjs'
import { countThreads, readCpu, readMemoryMb, readWakeUps } from './read-proc.mjs'
import { startAgent } from './start-agent.mjs'

/**
 * All contestants at once, doing nothing, after a few requests each. In windows, so that there is a spread. What
 * others do hardly matters here: the account is of the process, not of the core.
 */
export const measureIdle = async ({ contestants, environment, effort }) => {
  const agents = []
  for (const contestant of contestants) {
    const agent = await startAgent(contestant, environment)
    const client = await createClient(agent.port)
    await client.atRate('/tool', 300, 100)
    client.close()
    agents.push(agent)
  }
  await wait(effort.settleMs)
  const windows = agents.map(() => [])
  const look = () =>
    agents.map(({ pid }) => ({ cpuMs: readCpu(pid), wakeUps: readWakeUps(pid), atMs: performance.now() }))
  let last = look()
  for (let window = 0; window < effort.idleWindows; window++) {
    await wait(effort.idleWindowMs)
    const now = look()
    for (const [index, { cpuMs, wakeUps, atMs }] of now.entries()) {
      const ms = atMs - last[index].atMs
      windows[index].push({
        cpuPercent: (100 * (cpuMs - last[index].cpuMs)) / ms,
        wakeUpsPerSecond: (1000 * (wakeUps - last[index].wakeUps)) / ms,
      })
    }
    last = now
  }
  const results = agents.map(({ pid }, index) => ({
    windows: windows[index],
    rssMb: readMemoryMb(pid).rss,
    threads: countThreads(pid),
  }))
  for (const agent of agents) await agent.end()
  return results
}

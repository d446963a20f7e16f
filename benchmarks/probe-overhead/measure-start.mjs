import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentHome, command } from './start-agent.mjs'

/**
 * One life: milliseconds from its start to its first line, without those in which it was ready and others had its
 * core; CPU to there; and from its last line to its end.
 */
const liveOnce = async (contestant, environment, livesMs) => {
  const spawnedMs = performance.timeOrigin + performance.now()
  const child = spawn(...command(contestant, 'first-line'), {
    env: { ...environment, ...contestant.env, AGENT_LIVES_MS: String(livesMs) },
    cwd: agentHome,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const endedMs = once(child, 'exit').then(() => performance.timeOrigin + performance.now())
  await once(child, 'close')
  const { firstMs, cpuMs, waitedMs, lastMs } = JSON.parse(text)
  return {
    firstLineMs: firstMs - spawnedMs - waitedMs,
    firstLineCpuMs: cpuMs,
    exitMs: (await endedMs) - lastMs,
  }
}

/** All contestants in turn, in the opposite order every other round; differences within a round. */
export const measureStart = async ({ contestants, environment, livesMs, rounds, say }) => {
  const added = contestants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    const lives = []
    const order = round % 2 === 0 ? [...contestants.keys()] : [...contestants.keys()].reverse()
    for (const index of order) lives[index] = await liveOnce(contestants[index], environment, livesMs)
    for (const [index, life] of lives.entries()) {
      added[index].push({
        firstLineMs: life.firstLineMs - lives[0].firstLineMs,
        firstLineCpuMs: life.firstLineCpuMs - lives[0].firstLineCpuMs,
        exitMs: life.exitMs - lives[0].exitMs,
      })
    }
    say(`round ${round + 1} of ${rounds}`)
  }
  return added
}

/** Files of code that an agent living two seconds opens, by asking the kernel; `undefined` without strace. */
export const countFiles = (contestant, environment) => {
  const folder = mkdtempSync(join(tmpdir(), 'perfmon-files-'))
  const log = join(folder, 'opened')
  try {
    const [program, options] = command(contestant, 'first-line')
    execFileSync('strace', ['-f', '-qq', '-e', 'trace=open,openat', '-o', log, program, ...options], {
      env: { ...environment, ...contestant.env, AGENT_LIVES_MS: '2000' },
      cwd: agentHome,
      stdio: 'ignore',
    })
    const opened = readFileSync(log, 'utf8').matchAll(/"([^"]+\.(?:[cm]?js|json|node|wasm))", .* = \d+$/gm)
    const files = new Set([...opened].map(([, path]) => path))
    return [...files].filter((path) => !/first-line|package\.json$/.test(path)).length
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

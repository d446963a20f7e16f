import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const readyWithinMs = 20_000
const killAfterMs = 3000
const maxLineLength = 500
/** Lines per child and second that are passed on. */
const maxLines = 50

/**
 * Starts one file of this folder as a process of its own and waits until it says that it is ready.
 *
 * The child has an IPC channel for one purpose: when this process dies, however that happens, the channel
 * closes and the child ends itself. So there are never orphans.
 *
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.file
 * @param {string | null} options.preload module to `--import`
 * @param {Record<string, string | undefined>} options.env added to this process's own; undefined removes
 * @param {(line: string) => void} options.log gets what the child prints, a line at a time
 * @param {(end: { code: number | null, signal: string | null }) => void} options.onExit
 * @throws {Error} when it ends or stays silent instead of getting ready
 */
export async function startChild({ name, file, preload, env, log, onExit }) {
  const child = spawn(
    process.execPath,
    [...(preload === null ? [] : ['--import', preload]), fileURLToPath(new URL(file, import.meta.url))],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  )
  const print = boundedPrinter({ name, log })
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  void ended.then(onExit)

  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = urlOfReadyLine(line)
      if (url === null) print(line)
      else resolve(url)
    })
  })
  createInterface({ input: child.stderr }).on('line', print)

  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const kill = (signal) => hasEnded() || child.kill(signal)
  async function stop() {
    kill('SIGTERM')
    const timer = setTimeout(() => kill('SIGKILL'), killAfterMs)
    await ended
    clearTimeout(timer)
  }

  let timer
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(resolve, readyWithinMs, `was not ready within ${readyWithinMs} ms`)
  })
  const problem = ended.then(
    ({ code, signal, error }) => error?.message ?? `ended at once (${signal ?? code})`,
  )
  const url = await Promise.race([
    ready,
    problem.then((why) => new Error(why)),
    tooLate.then((why) => new Error(why)),
  ])
  clearTimeout(timer)
  if (url instanceof Error) {
    await stop()
    throw new Error(`${name} ${url.message}; what it printed is in the log`)
  }
  return { name, pid: child.pid, url, ended, hasEnded, kill, stop }
}

function urlOfReadyLine(line) {
  if (!line.startsWith('{"ready":true')) return null
  try {
    return JSON.parse(line).url
  } catch {
    return null
  }
}

/** What an agent prints is hostile until proven otherwise: shortened, harmless, and not too much of it. */
function boundedPrinter({ name, log }) {
  let second = 0
  let printed = 0
  let leftOut = 0
  return (line) => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) {
      if (leftOut > 0) log(`[${name}] (${leftOut} lines left out)`)
      second = now
      printed = 0
      leftOut = 0
    }
    if (printed++ < maxLines) log(`[${name}] ${line.slice(0, maxLineLength).replaceAll(/\p{C}/gu, ' ')}`)
    else leftOut++
  }
}

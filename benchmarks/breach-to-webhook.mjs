// How long from a breach in the demo swarm to its notification at a webhook, at the default settings.
//
//   node benchmarks/breach-to-webhook.mjs [--rounds 10]
//
// Each round makes the demo's tool server fail, waits until the webhook hears of it, mends it and waits for the
// end. The clock starts before the request that breaks the tool server is sent, so the time in which agents
// fail for the first time, report and are judged is all in it. Baseline of the same run: the longest gap between
// reports that the agents declare (a working agent reports more often), by which silence is judged.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } })
const rounds = Number(flags.rounds)
const root = join(import.meta.dirname, '..')
const node = createRequire(import.meta.url).resolve('node/bin/node')
const dataDir = mkdtempSync(join(tmpdir(), 'perfmon-breach-'))

const demo = spawn(
  node,
  [
    join(root, 'packages/cli/bin/perfmon.mjs'),
    'demo',
    '--json',
    '--port',
    '0',
    '--otlp-port',
    '0',
    '--data',
    dataDir,
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
)
const ready = await new Promise((resolve, reject) => {
  createInterface({ input: demo.stdout }).once('line', (line) => resolve(JSON.parse(line)))
  demo.once('exit', (code) => reject(new Error(`the demo ended with ${code}`)))
})

const tools = ready.agents.find((agent) => agent.name === 'tools')
const control = (settings) =>
  fetch(new URL('/control', tools.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  })
const received = async () => (await fetch(new URL('/received', ready.webhook))).json()

/** First delivery since `sinceMs` with this status, asked for every 20 ms; its arrival time is the webhook's own. */
async function delivery(status, sinceMs) {
  for (let i = 0; i < 3_000; i++) {
    const found = (await received()).find(
      ({ arrivedAtMs, alerts }) =>
        arrivedAtMs >= sinceMs && alerts[0].status === status && alerts[0].labels.alertname === 'AgentErrors',
    )
    if (found) return found
    await wait(20)
  }
  throw new Error(`no ${status} notification within a minute`)
}

const quiet = async () =>
  (await (await fetch(`${ready.dashboard}/api/alerts?state=pending,active`)).json()).total === 0
const latenciesMs = []
try {
  // The agents' first reports, so that the round measures a running swarm.
  await wait(5_000)
  const intervals = (await (await fetch(`${ready.dashboard}/api/agents`)).json()).agents.map(
    (agent) => agent.reportIntervalMs,
  )
  const intervalMs = Math.max(...intervals)
  for (let round = 0; round < rounds; round++) {
    // Rounds must not lock step with the agents' timers.
    await wait(Math.random() * intervalMs)
    const beganMs = Date.now()
    await control({ errorRate: 1 })
    const { arrivedAtMs } = await delivery('firing', beganMs)
    latenciesMs.push(arrivedAtMs - beganMs)
    await control({ errorRate: 0 })
    while (!(await quiet())) await wait(100)
    process.stderr.write(`round ${round + 1} of ${rounds}: ${arrivedAtMs - beganMs} ms\n`)
  }
  latenciesMs.sort((a, b) => a - b)
  const at = (share) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(share * latenciesMs.length))]
  console.log(
    `breach → webhook, ${rounds} rounds, ${ready.agents.length} agents, longest declared report gap ${intervalMs} ms`,
  )
  console.log(
    `  min ${latenciesMs[0]} ms   median ${at(0.5)} ms   p90 ${at(0.9)} ms   max ${latenciesMs.at(-1)} ms`,
  )
  console.log(`  median / longest gap = ${(at(0.5) / intervalMs).toFixed(2)}`)
} finally {
  demo.kill('SIGTERM')
  await new Promise((resolve) => demo.once('exit', resolve))
  rmSync(dataDir, { recursive: true, force: true })
}

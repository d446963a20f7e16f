import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * What the probe costs, as ratios and differences against a bare process of the same run:
 *
 *   node benchmarks/probe-overhead.mjs            about 6 minutes
 *   node benchmarks/probe-overhead.mjs --quick    under 2 minutes
 *
 * Bare and watched agents live at the same time and are loaded in turn, A B B A, at a fixed rate; the CPU is
 * the agent's own account. `bare again` is a second bare agent: how far it is from 1 is what the method
 * cannot tell apart. Build the probe first.
 */
const quick = process.argv.includes('--quick')
const effort = quick
  ? { rounds: 4, sliceMs: 1200, starts: 12, idleMs: 15_000 }
  : { rounds: 12, sliceMs: 2000, starts: 40, idleMs: 60_000 }
const requestsPerSecond = 500

const probe = new URL('../packages/agent-probe/dist/register.js', import.meta.url).href
const findAutoInstrumentations = () => {
  try {
    return createRequire(import.meta.url).resolve('@opentelemetry/auto-instrumentations-node/register')
  } catch {
    return undefined
  }
}
const auto = findAutoInstrumentations()
const contestants = [
  { name: 'bare', options: [] },
  { name: 'bare again', options: [] },
  { name: 'probe', options: ['--import', probe] },
  { name: 'probe, detailed', options: ['--import', probe], env: { PERFMON_LEVEL: 'detailed' } },
  ...(auto
    ? [{ name: 'otel auto', options: ['--require', auto], env: { OTEL_METRIC_EXPORT_INTERVAL: '1000' } }]
    : []),
]

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const spread = (values, digits) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`

/** Agents on the last core, the load and everything else on the first, where the machine lets us. */
const pin = (pid, core) => {
  try {
    if (availableParallelism() > 1)
      execFileSync('taskset', ['-pc', String(core), String(pid)], { stdio: 'ignore' })
  } catch {
    // Not Linux, or no taskset: the figures are noisier.
  }
}
const agentCore = cpus().length - 1

const listen = async (server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
const model = createServer((_request, response) => response.end('{"choices":[{"text":"done"}]}'))
let reports = 0
let reportedBytes = 0
const receiver = createServer((incoming, response) => {
  incoming.on('data', (chunk) => {
    reportedBytes += chunk.length
  })
  incoming.on('end', () => {
    reports++
    response.writeHead(200, { 'content-type': incoming.headers['content-type'] }).end()
  })
})
const modelUrl = `http://127.0.0.1:${await listen(model)}/v1/chat`
const environment = {
  PATH: process.env.PATH,
  MODEL_URL: modelUrl,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(receiver)}`,
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
}

const startAgent = async ({ options, env }) => {
  const child = spawn(
    process.execPath,
    ['--expose-gc', ...options, fileURLToPath(new URL('./probe-overhead-agent.mjs', import.meta.url))],
    { env: { ...environment, ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  pin(child.pid, agentCore)
  const [{ port }] = await once(child, 'message')
  const ask = async (question = 'how are you') => {
    const answer = once(child, 'message')
    child.send(question)
    const [{ cpu, rssBytes }] = await answer
    return { cpuMs: (cpu.user + cpu.system) / 1000, rssBytes }
  }
  const http = new Agent({ keepAlive: true, maxSockets: 32 })
  const call = () =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent: http }, (answer) => answer.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })
  return { ask, call, end: () => child.kill('SIGKILL') }
}

/** Sends at a fixed rate and returns the CPU per request in microseconds. */
const loadSlice = async (agent, ms) => {
  const before = await agent.ask()
  const calls = []
  const startMs = performance.now()
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - startMs) {
    while (calls.length < (elapsed / 1000) * requestsPerSecond) calls.push(agent.call())
    await wait(2)
  }
  await Promise.all(calls)
  const after = await agent.ask()
  return (1000 * (after.cpuMs - before.cpuMs)) / calls.length
}

const measureLoad = async (bare, watched) => {
  for (const agent of [bare, watched]) await loadSlice(agent, effort.sliceMs)
  const ratios = []
  for (let round = 0; round < effort.rounds; round++) {
    const slices = []
    for (const agent of [bare, watched, watched, bare]) slices.push(await loadSlice(agent, effort.sliceMs))
    ratios.push((slices[1] + slices[2]) / (slices[0] + slices[3]))
  }
  const [rssBare, rssWatched] = [await bare.ask('collect'), await watched.ask('collect')]
  return { ratios, rssMb: (rssWatched.rssBytes - rssBare.rssBytes) / 1e6 }
}

const idleCpuPercent = async (agents) => {
  await wait(2000)
  const before = await Promise.all(agents.map((agent) => agent.ask()))
  await wait(effort.idleMs)
  const after = await Promise.all(agents.map((agent) => agent.ask()))
  return after.map(({ cpuMs }, index) => (100 * (cpuMs - before[index].cpuMs)) / effort.idleMs)
}

/** Milliseconds from spawn to the first line, and from the last line to the end, of an agent living `livesMs`. */
const startOnce = async ({ options, env }, livesMs) => {
  const script = fileURLToPath(new URL('./probe-overhead-start.mjs', import.meta.url))
  const spawnedMs = performance.timeOrigin + performance.now()
  const child = spawn(process.execPath, [...options, script], {
    env: { ...environment, ...env, AGENT_LIVES_MS: String(livesMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  const endedMs = performance.timeOrigin + performance.now()
  const [first, last] = text.trim().split('\n').map(Number)
  return { firstLineMs: first - spawnedMs, exitMs: endedMs - last }
}

const measureStart = async (list, livesMs, starts) => {
  const times = list.map(() => [])
  for (let round = 0; round < starts; round++) {
    const order = round % 2 ? list.keys() : [...list.keys()].reverse()
    for (const index of order) times[index].push(await startOnce(list[index], livesMs))
  }
  const middle = (index, key) => median(times[index].map((time) => time[key]))
  return list.map((_, index) => ({
    firstLineMs: middle(index, 'firstLineMs') - middle(0, 'firstLineMs'),
    exitMs: middle(index, 'exitMs') - middle(0, 'exitMs'),
  }))
}

const table = (head, rows) => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  console.log(
    [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'),
    '\n',
  )
}

pin(process.pid, 0)
console.log(`Node ${process.version}, ${cpus().length} cores, ${quick ? 'quick' : 'full'} run\n`)

console.log(
  `Under load, ${requestsPerSecond} requests per second: CPU per request against bare, and memory afterwards`,
)
const rows = []
for (const contestant of contestants.slice(1)) {
  const bare = await startAgent(contestants[0])
  const watched = await startAgent(contestant)
  const { ratios, rssMb } = await measureLoad(bare, watched)
  rows.push([contestant.name, spread(ratios, 3), rssMb.toFixed(1)])
  bare.end()
  watched.end()
}
table(['agent', 'CPU/request ratio', 'RSS + MB'], rows)

console.log(`Idle for ${effort.idleMs / 1000} s: percent of one core`)
const agents = []
for (const contestant of contestants) agents.push(await startAgent(contestant))
const idleReports = { reports, reportedBytes }
const idle = await idleCpuPercent(agents)
table(
  ['agent', 'CPU %', 'added'],
  contestants.map(({ name }, index) => [name, idle[index].toFixed(3), (idle[index] - idle[0]).toFixed(3)]),
)
console.log(
  `Mean report while idle: ${((reportedBytes - idleReports.reportedBytes) / (reports - idleReports.reports)).toFixed(0)} bytes\n`,
)
for (const agent of agents) agent.end()

console.log('Milliseconds added, medians: to the first line; from the last line to the end')
const short = await measureStart(contestants, 0, effort.starts)
const long = await measureStart(contestants, 1500, Math.ceil(effort.starts / 4))
table(
  ['agent', 'to first line', 'end of a 0 s agent', 'end of a 1.5 s agent'],
  contestants.map(({ name }, index) => [
    name,
    short[index].firstLineMs.toFixed(1),
    short[index].exitMs.toFixed(1),
    long[index].exitMs.toFixed(1),
  ]),
)
model.close()
receiver.close()
model.closeAllConnections()
receiver.closeAllConnections()

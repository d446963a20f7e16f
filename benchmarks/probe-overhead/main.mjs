import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contestants as all } from './contestants.mjs'
import { agentCore, pin } from './cores.mjs'
import { prepare } from './install-peers.mjs'
import { measureIdle } from './measure-idle.mjs'
import { measureLoad } from './measure-load.mjs'
import { measureOwnLoad } from './measure-own-load.mjs'
import { countFiles, measureStart } from './measure-start.mjs'
import { median } from './statistics.mjs'
import { toTable } from './table.mjs'

/**
 * What the probe costs, beside a bare agent and beside what else could be picked, in one interleaved run:
 *
 *   node benchmarks/probe-overhead/main.mjs [--quick] [--only probe,none] [--json FILE] [--from FILE]
 *
 * Full about 25 minutes, quick about 6, plus npm's time at the first run. Linux, `taskset`; build the probe first.
 * `--only` takes beginnings of names, `--from` prints what an earlier run kept by `--json`. docs/probe-overhead.md explains the columns.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    json: { type: 'string' },
    from: { type: 'string' },
  },
})
if (options.from) {
  const { about, results } = JSON.parse(readFileSync(options.from, 'utf8'))
  console.log(`${about.filter(Boolean).join('. ')}.\n\n${toTable(results)}`)
  process.exit()
}
// Older ones lack what the agents measure themselves by, and would be waited for in vain.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `This needs Node 24, and this is ${process.versions.node}. The workspace has one: node_modules/.bin/node.`,
  )
  process.exit(1)
}
const quick = { repetitions: 1, pairs: 8, starts: 4, longLives: 1, idleWindows: 2, idleWindowMs: 6000 }
const full = { repetitions: 1, pairs: 20, starts: 10, longLives: 2, idleWindows: 3, idleWindowMs: 10_000 }
const effort = {
  ...(options.quick ? quick : full),
  ownLives: options.quick ? 2 : 3,
  // Until the compiler has done with it: after 4,000 tasks the probe seems to cost five times what it does after 20,000.
  ownLoad: { warmUp: 20_000, slices: 60, tasks: 100 },
  requestsPerSecond: 400,
  // Short: what disturbs a busy machine lasts longer than two slices, and then moves both alike. Not so short
  // that a report is in one of four only.
  sliceMs: 500,
  warmUpMs: options.quick ? 4000 : 8000,
  settleMs: 5000,
}

const startedMs = performance.now()
const say = (text) => {
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  process.stderr.write(`${String(seconds).padStart(5)} s  ${text}\n`)
}

const wanted = options.only?.split(',')
const chosen = all.filter(
  ({ name }) => wanted === undefined || name === 'none' || wanted.some((only) => name.startsWith(only)),
)
const contestants = prepare(chosen, say)

const scrapePort = '19464'
const sinks = fork(fileURLToPath(new URL('./sinks.mjs', import.meta.url)), {
  env: { SCRAPE_PORT: scrapePort },
})
const [{ port, statsdPort }] = await once(sinks, 'message')
pin(process.pid, 0)
pin(sinks.pid, 0)
const url = `http://127.0.0.1:${port}`
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  SERVICE_URL: url,
  SCRAPE_PORT: scrapePort,
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_SERVICE_NAME: 'agent',
  DD_TRACE_AGENT_URL: url,
  DD_DOGSTATSD_PORT: String(statsdPort),
  DD_SERVICE: 'agent',
  ELASTIC_APM_SERVER_URL: url,
  ELASTIC_APM_SERVICE_NAME: 'agent',
}
const countReports = async () => {
  sinks.send('counts')
  const [{ counts }] = await once(sinks, 'message')
  return counts
}

const results = contestants.map(({ name, packages, sends, size }) => ({ name, packages, sends, size }))

/** After each part: a run that is cut short has not measured nothing. */
const keep = (about) => {
  if (options.json) writeFileSync(options.json, JSON.stringify({ about, effort, results }, undefined, 1))
}

const own = await measureOwnLoad({ contestants, environment, effort, say })
for (const [index, result] of results.entries()) Object.assign(result, { own: own[index] })
keep([])

// Nothing else may scrape, or be scraped, while prom-client is not the one under load: agents come one by one.
for (const [index, contestant] of contestants.entries()) {
  if (index === 0) continue
  say(`under load: ${contestant.name}`)
  results[index].load = await measureLoad({
    bare: contestants[0],
    contestant,
    environment,
    effort,
    countReports,
  })
}
keep([])

const measure = (format, livesMs, rounds) =>
  measureStart({
    contestants: contestants.map((contestant) => ({ ...contestant, format })),
    environment,
    livesMs,
    rounds,
    say: (text) => say(`start of ${format} agents living ${livesMs} ms: ${text}`),
  })
const [start, startEsm, long] = [
  await measure('cjs', 0, effort.starts),
  await measure('mjs', 0, effort.starts),
  await measure('cjs', 1500, effort.longLives),
]
say('files opened')
for (const [index, contestant] of contestants.entries()) {
  const result = results[index]
  result.start = start[index]
  result.startEsm = startEsm[index]
  result.long = long[index]
  result.files = countFiles(contestant, environment)
}
keep([])

say(`idle for ${(effort.settleMs + effort.idleWindows * effort.idleWindowMs) / 1000} s, all at once`)
const idle = await measureIdle({ contestants, environment, effort })
for (const [index, result] of results.entries())
  Object.assign(result, { idle: idle[index], bareIdle: idle[0] })

sinks.disconnect()
const again = results.find(({ load }) => load !== undefined)
const bareOf = (name, key) =>
  median(results.flatMap(({ load }) => load?.[name].map((pair) => pair[key]) ?? []))
const about = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0].model.trim()}, agents on core ${agentCore}`,
  `${new Date().toISOString().slice(0, 10)}, ${options.quick ? 'quick' : 'full'} run of ${Math.round((performance.now() - startedMs) / 60_000)} minutes`,
  again &&
    `bare agent at ${effort.requestsPerSecond} requests/s: ${bareOf('fetch', 'bareCpuUs').toFixed(0)} µs CPU per request with a fetch,` +
      ` ${bareOf('model', 'bareCpuUs').toFixed(0)} with a model call; p50 ${bareOf('fetch', 'bareP50Ms').toFixed(1)} ms, p99 ${bareOf('fetch', 'bareP99Ms').toFixed(1)} ms`,
]
console.log(`${about.filter(Boolean).join('. ')}.\n\n${toTable(results)}`)
keep(about)

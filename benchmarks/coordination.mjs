import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * What it costs to follow messages between agents: CPU per request that an agent serves and passes on to
 * another, per message between processes, and per call of the API. The probe with and without
 * `messages`, and no probe, in turn; medians and the range of the ratios over the rounds:
 *
 *   node benchmarks/coordination.mjs [--rounds 7]
 */
const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 7
const probe = new URL('../packages/agent-probe/dist/register.js', import.meta.url).href
const api = new URL('../packages/agent-probe/dist/api.js', import.meta.url).href
const contestants = {
  bare: { options: [], env: {} },
  'bare again': { options: [], env: {} },
  'probe, messages off': { options: ['--import', probe], env: { PERFMON_DISABLED_SOURCES: 'messages' } },
  probe: { options: ['--import', probe], env: {} },
}

/** Serves; each request makes two more, by `fetch` and by `node:http`, to a server of another process. */
const agent = `
import http from 'node:http'
import { fork } from 'node:child_process'
import { task, cache, message } from ${JSON.stringify(api)}
const client = new http.Agent({ keepAlive: true })
const get = (url) => new Promise((resolve) => http.get(url, { agent: client }, (answer) => answer.resume().on('end', resolve)))
const server = http.createServer(async (request, response) => {
  await (await fetch(process.env.PEER)).text()
  await get(process.env.PEER)
  response.end('done')
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = 'http://127.0.0.1:' + server.address().port
const child = fork(new URL('echo.mjs', import.meta.url))
const echo = () => new Promise((resolve) => { child.once('message', resolve); child.send({ some: 'message', of: [1, 2, 3] }) })
const lookups = cache('lookups')
const measure = async (count, work) => {
  for (let call = 0; call < count / 4; call++) await work()
  const before = process.cpuUsage()
  for (let call = 0; call < count; call++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}
const plain = async () => 1
const result = {
  'request served, two passed on': await measure(400, () => get(url)),
  'message to a child and back': await measure(1000, echo),
  'task() around an async function': await measure(50_000, () => task('work', plain)),
  'message marked, and received': await measure(50_000, () => message.received({ carrier: message.sent() }, () => {})),
  'cache.hit()': await measure(200_000, () => lookups.hit()),
}
console.log(JSON.stringify(result))
child.disconnect()
server.close()
server.closeAllConnections()
client.destroy()`

const peer = spawn(
  process.execPath,
  [
    '--eval',
    `const server = require('node:http').createServer((request, response) => response.end('ok'))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [port] = await once(peer.stdout, 'data')
const folder = await mkdtemp(join(tmpdir(), 'perfmon-coordination-'))
await writeFile(join(folder, 'agent.mjs'), agent)
await writeFile(join(folder, 'echo.mjs'), "process.on('message', (message) => process.send(message))")
const run = promisify(execFile)
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

const micros = {}
for (let round = 0; round < rounds; round++) {
  for (const [name, { options, env }] of Object.entries(contestants)) {
    const { stdout } = await run(process.execPath, [...options, join(folder, 'agent.mjs')], {
      env: {
        PATH: process.env.PATH,
        PEER: `http://127.0.0.1:${String(port).trim()}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        PERFMON_LOG_LEVEL: 'silent',
        ...env,
      },
    })
    for (const [work, value] of Object.entries(JSON.parse(stdout))) {
      micros[work] ??= {}
      micros[work][name] ??= []
      micros[work][name].push(value)
    }
  }
}
peer.kill()
await rm(folder, { recursive: true })

for (const [work, byName] of Object.entries(micros)) {
  for (const [name, values] of Object.entries(byName)) {
    // Each round by itself: the machine's other work comes and goes between rounds.
    const ratios = values.map((value, round) => value / byName['probe, messages off'][round])
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`
    console.log(
      `${work}, ${name}: ${median(values).toFixed(2)} µs of CPU, ${median(ratios).toFixed(3)} (${range}) of the probe without messages`,
    )
  }
}

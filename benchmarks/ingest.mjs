// The whole receiver: OTLP bodies over HTTP until they are durable and can be asked for, beside Prometheus's own OTLP
// receiver on the same bodies in the same run:
//   node --conditions=perfmon-source benchmarks/ingest.mjs [--quick] [--prometheus=PATH]
// CPU is what the server's process used (all its threads, from /proc), so the sender and the rest of the machine
// count for nothing. Perfmon answers when the journal is synced; Prometheus when its WAL was written, not synced.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeBatches } from './otlp-bodies.mjs'

const quick = process.argv.includes('--quick')
const prometheus = process.argv.find((argument) => argument.startsWith('--prometheus='))?.slice(13)
const agents = quick ? 20 : 100
const rounds = quick ? 12 : 30
const warmRounds = Math.ceil(rounds / 3)
const inFlight = 4
const root = mkdtempSync(join(tmpdir(), 'perfmon-benchmark-'))
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

/** Seconds of CPU: fields 14 and 15 of /proc/PID/stat, a hundred to the second (USER_HZ). */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const rssMebibytes = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
const bytesIn = (dir) =>
  readdirSync(dir, { recursive: true })
    .map((name) => statSync(join(dir, name)))
    .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0)

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

async function startPerfmon(dir) {
  const cli = fileURLToPath(new URL('../packages/cli/bin/perfmon.mjs', import.meta.url))
  const config = join(dir, 'perfmon.yaml')
  writeFileSync(config, 'limits: { series_per_agent: 10000 }\nnotify: { console: false }\n')
  const args = [
    cli,
    'start',
    '--json',
    '--config',
    config,
    '--port',
    '0',
    '--otlp-port',
    '0',
    '--data',
    join(dir, 'data'),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const line = await new Promise((resolve) => child.stdout.once('data', resolve))
  return { child, url: `${JSON.parse(line).otlp}/v1/metrics`, dir: join(dir, 'data') }
}

async function startPrometheus(dir) {
  const port = await freePort()
  const config = join(dir, 'prometheus.yml')
  writeFileSync(config, 'global: {}\nstorage: { tsdb: { out_of_order_time_window: 10m } }\n')
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-otlp-receiver',
    '--log.level=error',
  ]
  const child = spawn(prometheus, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  running.add(child)
  const url = `http://127.0.0.1:${port}`
  for (let attempt = 0; attempt < 200; attempt++) {
    if (
      await fetch(`${url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { child, url: `${url}/api/v1/otlp/v1/metrics`, dir: join(dir, 'data') }
}

function post(url, body, mode, agent) {
  const headers = {
    'content-type': mode === 'json' ? 'application/json' : 'application/x-protobuf',
    'content-length': body.length,
    ...(mode === 'gz' && { 'content-encoding': 'gzip' }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function sendAll(url, bodies, mode) {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  let next = 0
  let again = 0
  const latencies = []
  async function sender() {
    while (next < bodies.length) {
      const { body } = bodies[next++]
      for (;;) {
        const from = performance.now()
        const { status, text } = await post(url, body, mode, agent)
        latencies.push(performance.now() - from)
        if (status === 200 || status === 204) {
          if (mode === 'json' && text.includes('rejected')) throw new Error(text)
          break
        }
        if (status !== 429 && status !== 503) throw new Error(`${status} ${text}`)
        again += 1
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sender))
  agent.destroy()
  return { again, p99: latencies.sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] }
}

async function measure(name, start, mode) {
  const dir = mkdtempSync(join(root, 'run-'))
  const server = await start(dir)
  const startMs = Date.now() - (rounds + 2) * 10_000
  const { bodies, points, samples } = makeBatches({ agents, agentsPerBatch: 10, rounds, startMs, mode })
  const warm = (bodies.length / rounds) * warmRounds
  await sendAll(server.url, bodies.slice(0, warm), mode)
  const cpuBefore = cpuSeconds(server.child.pid)
  const { again, p99 } = await sendAll(server.url, bodies.slice(warm), mode)
  const cpu = cpuSeconds(server.child.pid) - cpuBefore
  const share = (bodies.length - warm) / bodies.length
  const [millions, sampleMillions] = [points, samples].map((count) => (count * share) / cpu / 1e6)
  const print = (number, digits = 2) => number.toFixed(digits).padStart(7)
  console.log(
    `${name.padEnd(28)} ${print(millions)} M points, ${print(sampleMillions)} M samples per CPU-second;` +
      ` answer p99 ${print(p99, 0)} ms; RSS ${print(rssMebibytes(server.child.pid), 0)} MiB; disk` +
      ` ${print(bytesIn(server.dir) / samples, 1)} B/sample before compaction; sent again ${again}`,
  )
  server.child.kill('SIGKILL')
  running.delete(server.child)
}

console.log(
  `${agents} agents, ${rounds} rounds of 570 points (1,020 samples: 30 of the points are histograms), 10 agents a body; the first ${warmRounds} rounds are not counted`,
)
for (const mode of ['gz', 'plain', 'json']) await measure(`perfmon, ${mode}`, startPerfmon, mode)
if (prometheus === undefined)
  console.log('Prometheus: not measured; give one with --prometheus=PATH (2.47 or newer)')
// Prometheus takes no JSON.
else for (const mode of ['gz', 'plain']) await measure(`prometheus, ${mode}`, startPrometheus, mode)

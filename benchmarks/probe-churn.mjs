import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Whether the probe leaks: a day of reports, one per ten seconds, of an agent whose peers, routes, models and tools are ever
 * new, in simulated time; then agents as processes, started and ended under load against one receiver, of which each
 * must say goodbye and none may be left.
 *
 *   node benchmarks/probe-churn.mjs [--agents 100] [--hours 24]
 */
const option = (name, standard) => Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) || standard
const agents = option('agents', 100)
const hours = option('hours', 24)
const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs the sources, so that the parts can be driven without a process around them. */
const day = `
import { createChurn } from ${JSON.stringify(join(root, 'packages/agent-probe/src/testing/churn.ts'))}
import { heldBytes } from ${JSON.stringify(join(root, 'packages/agent-probe/src/testing/collect-garbage.ts'))}
const churn = createChurn({ requestsPerStep: 50, newNamesPerStep: 10 })
for (let hour = 0; hour <= ${hours}; hour++) {
  const series = churn.recordings.clientDurations.series.length
  console.log(JSON.stringify({ hour, megabytes: (await heldBytes()) / 1e6, series, estimated: churn.estimatedBytes() / 1e6 }))
  if (hour < ${hours}) for (let step = 0; step < 360; step++) churn.step(10)
}
process.exit()`

const simulateDay = async () => {
  const child = spawn(
    process.execPath,
    ['--conditions=perfmon-source', '--input-type=module', '--eval', day],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  console.log('| simulated hour | held, MB | series per table | estimate, MB |\n|---|---|---|---|')
  for (const { hour, megabytes, series, estimated } of rows.filter(({ hour }) => hour % 3 === 0))
    console.log(`| ${hour} | ${megabytes.toFixed(2)} | ${series} | ${estimated.toFixed(2)} |`)
}

const agent = `
import http from 'node:http'
const server = http.createServer((request, response) => response.end()).listen(0, '127.0.0.1', async () => {
  const end = performance.now() + 400
  while (performance.now() < end) await (await fetch('http://127.0.0.1:' + server.address().port)).text()
  if (Number(process.argv[2]) % 2 === 0) process.exit(0)
  server.close()
  server.closeAllConnections()
})`

const startAndEnd = async () => {
  const goodbyes = new Set()
  let reports = 0
  const receiver = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      reports++
      const instance = /"service\.instance\.id","value":\{"stringValue":"([^"]+)"/.exec(body)?.[1]
      if (body.includes('perfmon.agent.exit')) goodbyes.add(instance)
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  })
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-churn-'))
  const file = join(folder, 'agent.mjs')
  await writeFile(file, agent)
  const probe = new URL('../packages/agent-probe/dist/register.js', import.meta.url).href
  const run = async (index) => {
    const child = spawn(process.execPath, ['--import', probe, file, String(index)], {
      env: {
        PATH: process.env.PATH,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        PERFMON_INTERVAL_MS: '100',
        PERFMON_EXIT_WAIT_MS: '5000',
      },
      stdio: ['ignore', 'inherit', 'ignore'],
    })
    const [code, signal] = await once(child, 'close')
    return code === 0 && signal === null
  }
  let good = 0
  for (let index = 0; index < agents; index += 4) {
    const ended = await Promise.all([0, 1, 2, 3].map((offset) => run(index + offset)))
    good += ended.filter(Boolean).length
  }
  const connections = await new Promise((resolve) =>
    receiver.getConnections((_error, count) => resolve(count)),
  )
  receiver.close()
  receiver.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
  console.log(`\n| agents ended well | goodbyes | reports | connections left |\n|---|---|---|---|`)
  console.log(`| ${good} | ${goodbyes.size} | ${reports} | ${connections} |`)
}

await simulateDay()
await startAndEnd()

// What a `metrics_request` costs the agent: CPU per request answered, beside a bare `ws` echo in the same run.
//   node benchmarks/metrics-request.mjs [--quick]
// Both processes are asked in turn, round by round, at 1 and at 20 requests per second; what they use in the same
// time without being asked is taken off. Reports of the probe are switched as far apart as they go.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'

const quick = process.argv.includes('--quick')
const rounds = quick ? 3 : 8
const probe = new URL('../packages/agent-probe/dist/register.js', import.meta.url).href
const agentFile = fileURLToPath(new URL('metrics-request-agent.mjs', import.meta.url))

let reported
const firstReport = new Promise((resolve) => {
  reported = resolve
})
const receiver = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    response.end('{}')
    const found = /ws:\/\/127\.0\.0\.1:\d+\/metrics/.exec(Buffer.concat(chunks).toString())
    if (found) reported(found[0])
  })
})
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))

async function startEcho() {
  const child = fork(agentFile, ['echo'])
  const [{ url }] = await once(child, 'message')
  return { name: 'ws echo', child, url, question: 'x'.repeat(240) }
}
async function startProbed() {
  const child = fork(agentFile, ['probed'], {
    execArgv: ['--import', probe],
    env: {
      ...process.env,
      PERFMON_WS_PORT: '0',
      PERFMON_INTERVAL_MS: '1000',
      PERFMON_IDLE_INTERVAL_MS: '3600000',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    },
  })
  return {
    name: 'metrics_request',
    child,
    url: await firstReport,
    question: '{"type":"metrics_request","requestId":1}',
  }
}

const cpuMicroseconds = async (child) => {
  const answer = once(child, 'message')
  child.send('cpu')
  const [{ user, system }] = await answer
  return user + system
}

async function measure({ child, url, question }, perSecond, seconds) {
  const peer = new WebSocket(url, { perMessageDeflate: false })
  await once(peer, 'open')
  const idleBefore = await cpuMicroseconds(child)
  await wait(seconds * 1000)
  const before = await cpuMicroseconds(child)
  let answers = 0
  peer.on('message', () => answers++)
  const startMs = performance.now()
  for (let i = 0; i < perSecond * seconds; i++) {
    await wait(Math.max(0, startMs + (i * 1000) / perSecond - performance.now()))
    peer.send(question)
  }
  await wait(Math.max(100, startMs + seconds * 1000 - performance.now()))
  const used = (await cpuMicroseconds(child)) - before
  peer.terminate()
  return (used - (before - idleBefore)) / answers
}

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const agents = [await startEcho(), await startProbed()]
await wait(3000)
// The first answers are compiled while they are given.
for (const agent of agents) await measure(agent, 20, 5)

console.log(`Node ${process.version}: CPU of the agent per request answered, microseconds, ${rounds} rounds`)
console.log('| requests/s | agent           | median | least | most |')
console.log('| ---------- | --------------- | ------ | ----- | ---- |')
for (const [perSecond, seconds] of [
  [1, quick ? 5 : 10],
  [20, 5],
]) {
  const results = agents.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, agent] of agents.entries())
      results[index].push(await measure(agent, perSecond, seconds))
  }
  for (const [index, { name }] of agents.entries()) {
    const [median, least, most] = [middle, (all) => Math.min(...all), (all) => Math.max(...all)].map((of) =>
      String(Math.round(of(results[index]))),
    )
    console.log(
      `| ${String(perSecond).padEnd(10)} | ${name.padEnd(15)} | ${median.padEnd(6)} | ${least.padEnd(5)} | ${most.padEnd(4)} |`,
    )
  }
}
for (const { child } of agents) child.disconnect()
receiver.close()
receiver.closeAllConnections()

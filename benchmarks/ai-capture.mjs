import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { startFakeModelServer } from '../examples/fake-model-server/fake-model-server.js'

/**
 * What it costs to measure calls to models: CPU of an agent per call, and its start-up, bare, with the probe but
 * PERFMON_AI=off, and with everything. Fresh processes in turn, medians:
 *
 *   node benchmarks/ai-capture.mjs [--rounds 9]
 */
const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 9
const probe = new URL('../packages/agent-probe/dist/register.js', import.meta.url).href
const contestants = {
  bare: { options: [], env: {} },
  'bare again': { options: [], env: {} },
  'probe, AI off': { options: ['--import', probe], env: { PERFMON_AI: 'off' } },
  probe: { options: ['--import', probe], env: {} },
}

const agent = `
const ask = async (stream) => {
  const response = await fetch(process.env.MODEL_URL + '/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5', messages, stream, stream_options: { include_usage: true } }),
  })
  if (!stream) return void (await response.json())
  for await (const chunk of response.body) void chunk
}
const messages = [{ role: 'user', content: 'What was measured? '.repeat(200) }]
const other = async () => void (await (await fetch(process.env.MODEL_URL + '/control')).json())
const measure = async (work) => {
  for (let call = 0; call < 100; call++) await work()
  const before = process.cpuUsage()
  for (let call = 0; call < 500; call++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 500
}
console.log(JSON.stringify({
  'whole answer': await measure(() => ask(false)),
  'streamed answer': await measure(() => ask(true)),
  'other fetch': await measure(other),
}))`

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const model = await startFakeModelServer({ latencyMs: 0 })
const environment = ({ env }) => ({
  PATH: process.env.PATH,
  MODEL_URL: model.url,
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  PERFMON_LOG_LEVEL: 'silent',
  ...env,
})
const run = promisify(execFile)

const cpu = {}
for (let round = 0; round < rounds; round++) {
  for (const [name, contestant] of Object.entries(contestants)) {
    const { stdout } = await run(
      process.execPath,
      [...contestant.options, '--input-type=module', '--eval', agent],
      { env: environment(contestant) },
    )
    for (const [work, micros] of Object.entries(JSON.parse(stdout))) {
      cpu[work] ??= {}
      cpu[work][name] ??= []
      cpu[work][name].push(micros)
    }
  }
}
for (const [work, byName] of Object.entries(cpu)) {
  const bare = median(byName.bare)
  for (const [name, values] of Object.entries(byName)) {
    const micros = median(values)
    console.log(
      `${work}, ${name}: ${micros.toFixed(0)} µs of CPU a call, ${(micros / bare).toFixed(3)} of bare`,
    )
  }
}

const starts = {}
for (let round = 0; round < rounds * 5; round++) {
  for (const [name, contestant] of Object.entries(contestants)) {
    const beforeMs = performance.timeOrigin + performance.now()
    const said = execFileSync(
      process.execPath,
      [...contestant.options, '--eval', 'console.log(performance.timeOrigin + performance.now())'],
      { env: environment({ env: { PERFMON_EXIT_WAIT_MS: '0', ...contestant.env } }), encoding: 'utf8' },
    )
    starts[name] ??= []
    starts[name].push(Number(said) - beforeMs)
  }
}
const bareMs = median(starts.bare)
for (const [name, values] of Object.entries(starts)) {
  const ms = median(values)
  console.log(`first line, ${name}: ${ms.toFixed(1)} ms, ${(ms - bareMs).toFixed(1)} ms over bare`)
}
await model.close()

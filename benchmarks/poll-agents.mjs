// What polling thousands of WebSocket agents costs the aggregator, by interval.
//   node benchmarks/poll-agents.mjs [--agents 5000] [--seconds 20] [--intervals 5s,1s] [--profile]
// The agents are real WebSocket connections to a second process, listed in a watched file. CPU is that of the whole
// aggregator, its store thread included, from /proc: 100 % is one core. The agents' process uses the same machine.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    agents: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '20' },
    intervals: { type: 'string', default: '5s,1s' },
    profile: { type: 'boolean', default: false },
  },
})
const agents = Number(flags.agents)
const seconds = Number(flags.seconds)
const file = (name) => fileURLToPath(new URL(name, import.meta.url))

async function ask(child) {
  const answer = once(child, 'message')
  child.send('how are you?')
  return (await answer)[0]
}
async function cpuSeconds({ pid }) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ')
  // In clock ticks, of which Linux has 100 a second for everybody.
  return (Number(fields[11]) + Number(fields[12])) / 100
}
async function rssMib({ pid }) {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024
}
async function counters(dashboard) {
  const text = await (await fetch(`${dashboard}/metrics`)).text()
  const read = (name) => {
    const lines = text.matchAll(new RegExp(`^perfmon_aggregator_${name}(?:\\{[^}]*\\})? ([\\d.e+]+)`, 'gm'))
    return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
  }
  return {
    polls: read('poll_total'),
    late: read('poll_late_total'),
    failed: read('poll_failure_total'),
    dropped: read('poll_dropped_answer_total'),
    samples: read('sample_total'),
  }
}

async function measure(interval) {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-poll-'))
  const swarm = fork(file('poll-agents-swarm.mjs'))
  const [{ port }] = await once(swarm, 'message')
  const targets = Array.from({ length: agents }, (_, i) => `ws://127.0.0.1:${port}/agent-${i}`)
  await writeFile(join(folder, 'agents.json'), JSON.stringify([{ targets }]))
  await writeFile(
    join(folder, 'perfmon.yaml'),
    `poll: { interval: ${interval}, max_agents: ${agents} }\ndiscovery: { files: [{ path: agents.json }] }\nnotify: { console: false }\n`,
  )
  const aggregator = fork(
    file('../packages/cli/bin/perfmon.mjs'),
    ['start', '--json', '--port', '0', '--otlp-port', '0', '--data', folder],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: [
        ...['--import', file('event-loop-watch.mjs')],
        ...(flags.profile ? ['--cpu-prof', '--cpu-prof-dir', 'poll-profile'] : []),
      ],
    },
  )
  try {
    const [line] = await once(aggregator.stdout, 'data')
    const { dashboard } = JSON.parse(line.toString())
    const beganMs = performance.now()
    while ((await ask(swarm)).connections < agents) {
      if (performance.now() - beganMs > 120_000)
        throw new Error('not all agents were connected within two minutes')
      await wait(100)
    }
    const connectedMs = performance.now() - beganMs
    // The first polls make the series and the agents; what is measured is what goes on.
    await wait(8_000)
    await ask(aggregator)
    const [before, cpuBefore, startMs] = [
      await counters(dashboard),
      await cpuSeconds(aggregator),
      performance.now(),
    ]
    await wait(seconds * 1_000)
    const [after, cpuAfter, endMs] = [
      await counters(dashboard),
      await cpuSeconds(aggregator),
      performance.now(),
    ]
    const loop = await ask(aggregator)
    const elapsed = (endMs - startMs) / 1_000
    const rate = (name) => (after[name] - before[name]) / elapsed
    console.log(
      `| ${[
        interval.padEnd(8),
        `${(connectedMs / 1_000).toFixed(1)} s`.padEnd(9),
        rate('polls').toFixed(0).padEnd(7),
        rate('samples').toFixed(0).padEnd(9),
        `${((100 * (cpuAfter - cpuBefore)) / elapsed).toFixed(0)} %`.padEnd(5),
        `${((1e6 * (cpuAfter - cpuBefore)) / (after.polls - before.polls)).toFixed(0)} µs`.padEnd(8),
        `${(await rssMib(aggregator)).toFixed(0)} MiB`.padEnd(8),
        `${((100 * (after.late - before.late)) / (after.polls - before.polls)).toFixed(2)} %`.padEnd(7),
        String(after.failed - before.failed).padEnd(6),
        String(after.dropped - before.dropped).padEnd(7),
        `${loop.p50.toFixed(1)} ms`.padEnd(8),
        `${loop.p99.toFixed(1)} ms`.padEnd(8),
      ].join(' | ')} |`,
    )
  } finally {
    const ended = once(aggregator, 'exit')
    aggregator.kill('SIGTERM')
    await ended
    swarm.disconnect()
    if (flags.profile) console.log(`The profile is in ${folder}/poll-profile`)
    else await rm(folder, { recursive: true })
  }
}

console.log(`Node ${process.version}, ${agents} polled agents, ${seconds} s each`)
console.log(
  '| interval | connected | polls/s | samples/s | CPU   | CPU/poll | RSS      | late    | failed | dropped | loop p50 | loop p99 |',
)
console.log(
  '| -------- | --------- | ------- | --------- | ----- | -------- | -------- | ------- | ------ | ------- | -------- | -------- |',
)
for (const interval of flags.intervals.split(',')) await measure(interval)

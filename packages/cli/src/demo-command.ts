import { startAggregator } from '@perfmon/aggregator'
import { type Breakage, type Swarm, startSwarm } from '@perfmon/demo-swarm'
import { startEchoWebhook } from '@perfmon/echo-webhook'
import { loadConfiguration, type StartFlags } from './load-configuration.ts'
import { quiet, strong, terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

const breakages: Readonly<Record<string, Breakage>> = { e: 'errors', s: 'slow', b: 'busy', c: 'crash' }

/** `perfmon demo`: the aggregator, a webhook receiver and a small real swarm that can be broken by a key. */
export async function demoCommand(flags: StartFlags): Promise<void> {
  const stopped = untilStopped()
  const settings = await loadConfiguration({ data: '.perfmon/demo', ...flags })
  // The demo ends its own agents; as warnings their farewells would read like faults.
  const configuration = { ...settings, logLevel: process.env.PERFMON_LOG_LEVEL ? settings.logLevel : 'error' }
  const closers: (() => Promise<void>)[] = []
  const talk = (line: string) => (flags.json ? terminal.say(line) : terminal.print(line))

  try {
    const webhook = await startEchoWebhook({ log: talk })
    closers.push(() => webhook.close())
    // The webhook's lines are the demo's console: two lines per alert would be one too many.
    configuration.notify.console = false
    configuration.notify.webhook ??= { url: webhook.url, timeout: 5_000 }
    const aggregator = await startAggregator({ configuration, write: () => {} })
    closers.push(() => aggregator.close())

    talk('Starting the demo swarm …')
    const swarm = await startSwarm({
      otlpEndpoint: aggregator.otlp,
      aggregatorUrl: aggregator.dashboard,
      onExit: ({ name, code, signal }) => talk(quiet(`${name} ended (${signal ?? `code ${code}`})`)),
    })
    closers.push(() => swarm.stop())
    for (const url of swarm.webSocketAgents) aggregator.pollAgent(url)

    if (flags.json) {
      const { dashboard, otlp } = aggregator
      const agents = swarm.agents.map(({ name, pid, url }) => ({ name, pid, url }))
      terminal.print(
        JSON.stringify({ ready: true, dashboard, otlp, webhook: webhook.url, agents, pid: process.pid }),
      )
    } else {
      terminal.print('')
      terminal.print(`${strong('Perfmon')} watches a demo swarm of ${swarm.agents.length} agents.`)
      terminal.print(`  Dashboard  ${strong(aggregator.dashboard)}`)
      terminal.print(`  OTLP/HTTP  ${aggregator.otlp}`)
      terminal.print(`  Webhook    ${configuration.notify.webhook.url}`)
      const at = aggregator.dashboard === 'http://127.0.0.1:8080' ? '' : ` --url ${aggregator.dashboard}`
      terminal.print(`  Tune it    npx perfmon agents actions coder${at}`)
      terminal.print('')
      if (terminal.isInteractive) {
        terminal.print('Break it:  e errors · s slow tool · b busy agent · c crash      m mend      q quit')
        closers.push(listenToKeys(swarm))
      } else terminal.print(quiet('Ctrl-C stops everything.'))
    }
    await stopped
    if (!flags.json) terminal.say('Stopping the swarm and the aggregator …')
  } finally {
    // The swarm first: its agents say goodbye to an aggregator that still listens.
    for (const close of closers.reverse()) await close()
  }
}

/** Returns how to stop listening. */
function listenToKeys(swarm: Swarm): () => Promise<void> {
  const onKey = (data: Buffer) => {
    const key = data.toString().toLowerCase()
    if (key === 'q' || key === '\u0003') return void process.kill(process.pid, 'SIGINT')
    const kind = breakages[key]
    const done = kind ? swarm.break(kind) : key === 'm' ? swarm.mend().then(() => 'Mended.') : undefined
    done?.then(
      (sentence) => terminal.print(quiet(sentence)),
      (error: Error) => terminal.say(error.message),
    )
  }
  process.stdin.setRawMode(true)
  process.stdin.resume()
  process.stdin.on('data', onKey)
  return async () => {
    process.stdin.off('data', onKey)
    process.stdin.setRawMode(false)
    process.stdin.pause()
  }
}

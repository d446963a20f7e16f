import { startAggregator, version } from '@perfmon/aggregator'
import { loadConfiguration, type StartFlags } from './load-configuration.ts'
import { quiet, strong, terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

/** `perfmon start`: runs the aggregator until it is stopped. */
export async function startCommand(flags: StartFlags): Promise<void> {
  const stopped = untilStopped()
  const configuration = await loadConfiguration(flags)
  // With --json stdout is for the one ready line.
  const write = (line: string) => void (flags.json ? process.stderr : process.stdout).write(line)
  const starting = startAggregator({ configuration, write })
  // A start that hangs, on a dead network disk perhaps, must still be stoppable. What it has written so far is as
  // safe as in any crash.
  const aggregator = await Promise.race([starting, stopped.then(() => null)])
  if (aggregator === null) process.exit(130)
  if (flags.json) {
    const { dashboard, otlp, rules } = aggregator
    terminal.print(
      JSON.stringify({
        ready: true,
        version,
        dashboard,
        otlp,
        rules,
        data: configuration.data.dir,
        pid: process.pid,
      }),
    )
  } else {
    terminal.print(`${strong(`Perfmon ${version}`)} is running.`)
    terminal.print(`  Dashboard  ${aggregator.dashboard}`)
    terminal.print(`  OTLP/HTTP  ${aggregator.otlp}`)
    terminal.print(`  Data       ${configuration.data.dir}`)
    terminal.print(`  Rules      ${aggregator.rules} are watching`)
    terminal.print('')
    const endpoint =
      aggregator.otlp === 'http://127.0.0.1:4318' ? '' : `OTEL_EXPORTER_OTLP_ENDPOINT=${aggregator.otlp} `
    terminal.print(`Add an agent: ${endpoint}node --import @perfmon/agent-probe agent.js`)
    terminal.print(quiet('Ctrl-C stops.'))
  }
  await stopped
  if (!flags.json) terminal.say('Stopping …')
  await aggregator.close()
}

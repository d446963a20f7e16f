import { version } from '@perfmon/aggregator'
import { Command, InvalidArgumentError } from 'commander'
import { explainError } from './explain-error.ts'
import { terminal } from './terminal.ts'

function port(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new InvalidArgumentError('A port is a whole number from 0 (any free one) to 65535.')
}

function withStartOptions(command: Command): Command {
  return command
    .option('--config <file>', 'settings (default: perfmon.yaml when it is there)')
    .option('--data <dir>', 'where everything is kept')
    .option('--port <number>', 'dashboard and API; 0 takes a free one (default: 8080)', port)
    .option('--otlp-port <number>', 'OTLP/HTTP; 0 takes a free one (default: 4318)', port)
    .option('--json', 'print one line of JSON when ready')
}

/** Runs one command line. Errors end as sentences on stderr and an exit code. Commands load what they need when called. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('perfmon')
    .description('Performance monitor for agent swarms')
    .version(version)
    .showHelpAfterError('(perfmon --help lists the commands)')
    // As everywhere here: 2 says that the input is wrong.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  withStartOptions(program.command('start'))
    .description('run the aggregator: receive, store, evaluate, notify, serve')
    .action(async (flags) => (await import('./start-command.ts')).startCommand(flags))
  withStartOptions(program.command('demo'))
    .description('run the aggregator with a small real swarm to look at')
    .action(async (flags) => (await import('./demo-command.ts')).demoCommand(flags))
  program
    .command('status')
    .description('how the swarm is (exit code 0 good, 3 warning, 4 critical)')
    .option('--url <address>', 'of the aggregator', 'http://127.0.0.1:8080')
    .option('--json', 'print the answer as JSON')
    .action(async (flags) => (await import('./status-command.ts')).statusCommand(flags))
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    const { lines, exitCode } = explainError(error)
    for (const line of lines) terminal.say(line)
    process.exitCode = exitCode
  }
}

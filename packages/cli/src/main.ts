import { version } from '@perfmon/aggregator'
import { Command, InvalidArgumentError } from 'commander'
import { explainError } from './explain-error.ts'
import { terminal } from './terminal.ts'

function port(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new InvalidArgumentError('A port is a whole number from 0 (any free one) to 65535.')
}

function seconds(text: string): number {
  const number = Number(text)
  if (number >= 1 && number <= 600) return number
  throw new InvalidArgumentError('A wait is 1 to 600 seconds.')
}

const collect = (value: string, before: readonly string[]) => [...before, value]

function withStartOptions(command: Command): Command {
  return command
    .option('--config <file>', 'settings (default: perfmon.yaml when it is there)')
    .option('--data <dir>', 'where everything is kept')
    .option('--port <number>', 'dashboard and API; 0 takes a free one (default: 8080)', port)
    .option('--otlp-port <number>', 'OTLP/HTTP; 0 takes a free one (default: 4318)', port)
    .option('--json', 'print one line of JSON when ready')
}

function addStoreCommands(store: Command): void {
  const command = (usage: string, description: string) =>
    store
      .command(usage)
      .description(description)
      .option('--config <file>', 'settings (default: perfmon.yaml when it is there)')
      .option('--data <dir>', 'the data directory')
  const commands = async () => (await import('./store-command.ts')).storeCommands
  command('check', 'read everything and say what is damaged; the aggregator may be at work').action(
    async (flags) => (await commands()).check(flags),
  )
  command('repair', 'take out what is damaged; the aggregator must not be at work').action(async (flags) =>
    (await commands()).repair(flags),
  )
  command('backup <dir>', 'copy to a new directory; the aggregator may be at work').action(
    async (to, flags) => (await commands()).backup(to, flags),
  )
  command('export <file>', 'write everything to a file; the aggregator may be at work').action(
    async (file, flags) => (await commands()).export(file, flags),
  )
  command('import <file>', 'fill a new data directory from such a file').action(async (file, flags) =>
    (await commands()).import(file, flags),
  )
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
  const agents = program.command('agents').description('the agents, and what can be asked of them')
  const atAggregator = (command: Command) =>
    command
      .option('--url <address>', 'of the aggregator', 'http://127.0.0.1:8080')
      .option('--json', 'print the answer as JSON')
  atAggregator(agents.command('list'))
    .description('who is there')
    .action(async (flags) => (await import('./agents-command.ts')).listAgentsCommand(flags))
  atAggregator(agents.command('actions <agent>'))
    .description('what an agent (id or name) can be asked to do, and its tunables')
    .action(async (agent, flags) => (await import('./agents-command.ts')).agentActionsCommand(agent, flags))
  atAggregator(agents.command('run <agent> <action>'))
    .description('ask an agent to do something (exit code 3: it refused)')
    .option('--arg <name=value>', 'an argument; may be repeated', collect, [])
    .option('--timeout <seconds>', 'longest wait for the answer', seconds, 90)
    .action(async (agent, action, flags) =>
      (await import('./agents-command.ts')).runActionCommand(agent, action, flags),
    )
  addStoreCommands(program.command('store').description('look after a data directory'))
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    const { lines, exitCode } = explainError(error)
    for (const line of lines) terminal.say(line)
    process.exitCode = exitCode
  }
}

import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { startSwarm } from './run-swarm.js'

// The swarm alone, to play with: its agents send to --otlp, commands come from the keyboard.
const { values } = parseArgs({
  options: { otlp: { type: 'string' }, swarm: { type: 'string' }, 'no-probe': { type: 'boolean' } },
})
const swarm = await startSwarm({
  ...(values.otlp && { otlpEndpoint: values.otlp }),
  ...(values.swarm && { swarm: values.swarm }),
  ...(values['no-probe'] && { preload: null }),
  log: (line) => console.log(line),
  onExit: ({ name, code, signal }) => console.log(`${name} ended (${signal ?? code})`),
})
console.table(swarm.agents)
console.log(`Poll ${swarm.webSocketAgents}. Type errors, slow, busy or crash; mend; quit.`)

const keyboard = createInterface({ input: process.stdin })
const quit = () => keyboard.close()
process.once('SIGINT', quit).once('SIGTERM', quit)
for await (const line of keyboard) {
  const command = line.trim()
  if (command === 'quit') break
  try {
    if (command === 'mend') await swarm.mend().then(() => console.log('All is well again.'))
    else if (command !== '') console.log(await swarm.break(command))
  } catch (error) {
    console.log(error.message)
  }
}
await swarm.stop()

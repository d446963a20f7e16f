import { fileURLToPath } from 'node:url'
import { startFakeAggregator } from './fake-aggregator.ts'
import type { FakeScenario } from './fake-swarm.ts'

/** To look at the page by hand: `pnpm look [agents] [problems|well|empty|hostile] [port]`. */
const [agents = '24', scenario = 'problems', port = '8099'] = process.argv.slice(2)
const fake = await startFakeAggregator({
  page: fileURLToPath(new URL('../dist', import.meta.url)),
  agents: Number(agents),
  scenario: scenario as FakeScenario,
  port: Number(port),
  share: Number(agents) > 1000 ? 0.1 : 1,
})
process.stdout.write(`${fake.url}\n`)

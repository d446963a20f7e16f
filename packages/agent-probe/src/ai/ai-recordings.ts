import { createDurationHistogram, type DurationHistogram } from '../record/duration-histogram.ts'
import { createTally, type Tally } from './tally.ts'

/** Powers of two from 0.01 s, as semantic conventions advise for operations. */
const operationBounds = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power)
/** Powers of two from 0.1 s, as they advise for agents. */
const agentBounds = Array.from({ length: 13 }, (_, power) => 0.1 * 2 ** power)
const workflowBounds = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200]
/** Powers of four from 1 token, as they advise for token usage. */
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power)

/** What AI hooks write and each report reads. */
export interface AiRecordings {
  readonly operations: DurationHistogram
  readonly firstChunks: DurationHistogram
  /** In tokens, not seconds. */
  readonly tokens: DurationHistogram
  readonly agents: DurationHistogram
  readonly tools: DurationHistogram
  readonly workflows: DurationHistogram
  readonly mcpClient: DurationHistogram
  readonly mcpServer: DurationHistogram
  readonly jobs: DurationHistogram
  readonly tokenDetails: Tally
  readonly attempts: Tally
  readonly finishes: Tally
  readonly cost: Tally
  readonly unknowns: Tally
  readonly handoffs: Tally
  /** Called before each report; the last one when `ending`. Replaced by whoever keeps something open. */
  settle: (ending: boolean) => void
}

export const createAiRecordings = (): AiRecordings => ({
  operations: createDurationHistogram({ bounds: operationBounds }),
  firstChunks: createDurationHistogram({ bounds: operationBounds }),
  tokens: createDurationHistogram({ bounds: tokenBounds }),
  agents: createDurationHistogram({ bounds: agentBounds }),
  tools: createDurationHistogram({ bounds: operationBounds }),
  workflows: createDurationHistogram({ bounds: workflowBounds }),
  mcpClient: createDurationHistogram({ bounds: operationBounds }),
  mcpServer: createDurationHistogram({ bounds: operationBounds }),
  jobs: createDurationHistogram({ bounds: agentBounds }),
  tokenDetails: createTally(),
  attempts: createTally(),
  finishes: createTally(),
  cost: createTally(),
  unknowns: createTally(),
  handoffs: createTally(),
  settle: () => {},
})

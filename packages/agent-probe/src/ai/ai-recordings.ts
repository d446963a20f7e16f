import {
  type Admission,
  createDurationHistogram,
  type DurationHistogram,
} from '../record/duration-histogram.ts'
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
  /** What agents tell of calls that other processes make for them. */
  readonly agentTokens: Tally
  readonly agentTokenDetails: Tally
  readonly agentCost: Tally
  /** Called before each report; the last one when `ending`. Replaced by whoever keeps something open. */
  settle: (ending: boolean) => void
}

export const createAiRecordings = (admission: Admission): AiRecordings => ({
  operations: createDurationHistogram({ bounds: operationBounds, admission }),
  firstChunks: createDurationHistogram({ bounds: operationBounds, admission }),
  tokens: createDurationHistogram({ bounds: tokenBounds, admission }),
  agents: createDurationHistogram({ bounds: agentBounds, admission }),
  tools: createDurationHistogram({ bounds: operationBounds, admission }),
  workflows: createDurationHistogram({ bounds: workflowBounds, admission }),
  mcpClient: createDurationHistogram({ bounds: operationBounds, admission }),
  mcpServer: createDurationHistogram({ bounds: operationBounds, admission }),
  jobs: createDurationHistogram({ bounds: agentBounds, admission }),
  tokenDetails: createTally({ admission }),
  attempts: createTally({ admission }),
  finishes: createTally({ admission }),
  cost: createTally({ admission }),
  unknowns: createTally({ admission }),
  handoffs: createTally({ admission }),
  agentTokens: createTally({ admission }),
  agentTokenDetails: createTally({ admission }),
  agentCost: createTally({ admission }),
  settle: () => {},
})

import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import { aiMetricNames } from '@perfmon/protocol/names'
import { counter, type Descriptor, histogram, readHistogram, type Window } from '../collect/metric-data.ts'
import type { AiRecordings } from './ai-recordings.ts'

type Kind<Recorded> = {
  [Name in keyof AiRecordings]: AiRecordings[Name] extends Recorded ? Name : never
}[keyof AiRecordings]

const histograms: [Kind<{ readonly bounds: readonly number[] }>, Descriptor][] = [
  [
    'operations',
    {
      name: aiMetricNames.operationDuration,
      description: 'Duration of calls to models, repeats included',
      unit: 's',
    },
  ],
  [
    'firstChunks',
    { name: aiMetricNames.timeToFirstChunk, description: 'Time until a streamed answer began', unit: 's' },
  ],
  ['tokens', { name: aiMetricNames.tokenUsage, description: 'Tokens by call', unit: '{token}' }],
  [
    'agents',
    { name: aiMetricNames.invokeAgentDuration, description: 'Duration of agent invocations', unit: 's' },
  ],
  ['tools', { name: aiMetricNames.executeToolDuration, description: 'Duration of tool calls', unit: 's' }],
  ['workflows', { name: aiMetricNames.workflowDuration, description: 'Duration of workflows', unit: 's' }],
  [
    'mcpClient',
    { name: aiMetricNames.mcpClientDuration, description: 'Duration of MCP requests made', unit: 's' },
  ],
  [
    'mcpServer',
    { name: aiMetricNames.mcpServerDuration, description: 'Duration of MCP requests served', unit: 's' },
  ],
  [
    'jobs',
    { name: aiMetricNames.jobDuration, description: 'Duration of jobs taken from a queue', unit: 's' },
  ],
]

const counters: [Kind<{ add: unknown }>, Descriptor][] = [
  [
    'tokenDetails',
    { name: aiMetricNames.tokenDetail, description: 'Tokens told apart', unit: '{token}', integer: true },
  ],
  [
    'attempts',
    {
      name: aiMetricNames.attempts,
      description: 'HTTP requests to models',
      unit: '{attempt}',
      integer: true,
    },
  ],
  [
    'finishes',
    { name: aiMetricNames.finishes, description: 'Why models stopped', unit: '{operation}', integer: true },
  ],
  ['cost', { name: aiMetricNames.cost, description: 'Estimated cost of calls to models', unit: '{USD}' }],
  [
    'unknowns',
    {
      name: aiMetricNames.unknowns,
      description: 'Calls whose usage or price is unknown',
      unit: '{operation}',
      integer: true,
    },
  ],
  [
    'handoffs',
    {
      name: aiMetricNames.handoffs,
      description: 'Handoffs between agents',
      unit: '{handoff}',
      integer: true,
    },
  ],
  [
    'agentTokens',
    {
      name: aiMetricNames.agentTokens,
      description: 'Tokens that agents say they used in other processes',
      unit: '{token}',
      integer: true,
    },
  ],
  [
    'agentTokenDetails',
    {
      name: aiMetricNames.agentTokenDetail,
      description: 'Of these, told apart',
      unit: '{token}',
      integer: true,
    },
  ],
  [
    'agentCost',
    {
      name: aiMetricNames.agentCost,
      description: 'Estimated cost that agents say they caused in other processes',
      unit: '{USD}',
    },
  ],
]

const cumulative = AggregationTemporality.CUMULATIVE

/** Everything recorded about AI work; nothing where there was none. */
export const readAiMetrics = (
  ai: AiRecordings | undefined,
  window: Window,
  ending: boolean,
): MetricData[] => {
  if (ai === undefined) return []
  ai.settle(ending)
  return [
    ...histograms.flatMap(([name, descriptor]) => {
      const points = readHistogram(ai[name])
      return points.length === 0 ? [] : [histogram(descriptor, points, window, cumulative)]
    }),
    ...counters.flatMap(([name, descriptor]) => {
      const { series } = ai[name]
      return series.length === 0 ? [] : [counter(descriptor, series, window, cumulative)]
    }),
  ]
}

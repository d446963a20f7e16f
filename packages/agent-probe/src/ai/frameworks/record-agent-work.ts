import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { DurationHistogram, MetricAttributes } from '../../record/duration-histogram.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'

interface Work {
  readonly framework: string
  readonly seconds: number
  readonly errorType?: string | undefined
}

/** Writes what frameworks tell of agents, tools and workflows. Models are not theirs: HTTP tells those. */
export interface AgentWorkRecorder {
  agent(work: Work & { readonly agent: unknown }): void
  tool(work: Work & { readonly tool: unknown; readonly agent?: unknown }): void
  workflow(work: Work & { readonly workflow: unknown }): void
  handoff(handoff: { readonly framework: string; readonly from: unknown; readonly to: unknown }): void
}

/** Names become part of keys: never longer than what becomes an attribute. */
const keyPart = (name: unknown): string => (typeof name === 'string' ? name.slice(0, 100) : '')

/** Attributes without those that nobody knows. */
const known = (attributes: Record<string, string | undefined>): MetricAttributes =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )

/** One duration in the series of this key; `attributes` is only asked when the key was never seen. */
export const recordDuration = (
  into: DurationHistogram,
  key: string,
  { seconds, attributes }: { seconds: number; attributes: () => Record<string, string | undefined> },
): void => {
  into.record(into.find(key) ?? into.admit(key, known(attributes())), seconds)
}

export const createAgentWorkRecorder = (ai: AiRecordings): AgentWorkRecorder => ({
  agent({ framework, agent, seconds, errorType }) {
    recordDuration(ai.agents, `${framework}|${keyPart(agent)}|${errorType ?? ''}`, {
      seconds,
      attributes: () => ({
        [aiAttributeNames.agentName]: boundedName(agent),
        [aiAttributeNames.framework]: framework,
        [attributeNames.errorType]: errorType,
      }),
    })
  },
  tool({ framework, tool, agent, seconds, errorType }) {
    recordDuration(ai.tools, `${framework}|${keyPart(tool)}|${keyPart(agent)}|${errorType ?? ''}`, {
      seconds,
      attributes: () => ({
        [aiAttributeNames.toolName]: boundedName(tool) ?? '_OTHER',
        [aiAttributeNames.agentName]: boundedName(agent),
        [aiAttributeNames.framework]: framework,
        [attributeNames.errorType]: errorType,
      }),
    })
  },
  workflow({ framework, workflow, seconds, errorType }) {
    recordDuration(ai.workflows, `${framework}|${keyPart(workflow)}|${errorType ?? ''}`, {
      seconds,
      attributes: () => ({
        [aiAttributeNames.workflowName]: boundedName(workflow),
        [aiAttributeNames.framework]: framework,
        [attributeNames.errorType]: errorType,
      }),
    })
  },
  handoff({ framework, from, to }) {
    ai.handoffs.add(`${framework}|${keyPart(from)}|${keyPart(to)}`, 1, () =>
      known({
        [aiAttributeNames.agentName]: boundedName(from),
        [aiAttributeNames.handoffTo]: boundedName(to),
        [aiAttributeNames.framework]: framework,
      }),
    )
  },
})

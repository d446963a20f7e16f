import type { HookGuard } from '../../hook-guard.ts'
import type { CurrentAgent } from '../current-agent.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'
import { createStartedWork } from './started-work.ts'

const framework = 'openai-agents'

/** What is read of a span of the OpenAI Agents SDK; its inputs and outputs are not. */
interface Span {
  readonly spanId: string
  readonly parentId?: string | null
  readonly error?: unknown
  readonly spanData: {
    readonly type: string
    readonly name?: string
    readonly from_agent?: string
    readonly to_agent?: string
  }
}

interface Provider {
  registerProcessor(processor: object): void
  setProcessors(processors: object[]): void
  getCurrentSpan?(): { readonly spanId?: unknown } | null | undefined
}

/**
 * Listens to the SDK's own tracing as one more processor. The SDK may replace all processors later (it does
 * when an exporter is set), so that replacement is completed by ours.
 */
export const createOpenAiAgents = ({
  record,
  agents,
  guard,
  now,
}: {
  record: AgentWorkRecorder
  agents: CurrentAgent
  guard: HookGuard
  now: () => number
}): ((provider: unknown) => void) => {
  const work = createStartedWork()
  const seen = new WeakSet<object>()

  const onStart = guard.wrap<unknown, Span>(({ spanId, parentId, spanData }) => {
    work.begin(spanId, {
      startedAtMs: now(),
      parent: parentId ?? undefined,
      agent: spanData.type === 'agent' ? (spanData.name ?? 'agent') : undefined,
    })
  })
  const onEnd = guard.wrap<unknown, Span>(({ spanId, error, spanData }) => {
    const started = work.end(spanId)
    if (started === undefined) return
    const seconds = (now() - started.startedAtMs) / 1000
    const errorType = error ? '_OTHER' : undefined
    const agent = work.agentOf(started.parent)
    switch (spanData.type) {
      case 'agent':
        return record.agent({ framework, agent: spanData.name, seconds, errorType })
      case 'function':
        return record.tool({ framework, tool: spanData.name, agent, seconds, errorType })
      case 'handoff':
        return record.handoff({ framework, from: spanData.from_agent ?? agent, to: spanData.to_agent })
    }
  })
  const nothing = async () => {}
  const processor = {
    onTraceStart: nothing,
    onTraceEnd: nothing,
    onSpanStart: async (span: Span) => onStart(span),
    onSpanEnd: async (span: Span) => onEnd(span),
    shutdown: nothing,
    forceFlush: nothing,
  }

  return (given) => {
    if (typeof given !== 'object' || given === null || seen.has(given)) return
    const provider = given as Provider
    if (typeof provider.registerProcessor !== 'function') return
    seen.add(provider)
    const { setProcessors } = provider
    provider.setProcessors = (processors) => setProcessors.call(provider, [...processors, processor])
    provider.registerProcessor(processor)
    agents.ask(() => {
      const id = provider.getCurrentSpan?.()?.spanId
      return typeof id === 'string' ? work.agentOf(id) : undefined
    })
  }
}

import { errorTypeName } from '../../record/http-names.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'

const framework = 'ai-sdk'
const startedAt = Symbol('perfmon.startedAt')

/** What is read of a message on `ai:telemetry`; prompts, answers and arguments are not. */
interface Message {
  readonly type?: string
  readonly event?: {
    readonly functionId?: unknown
    readonly toolCall?: { readonly toolName?: unknown }
  }
  readonly result?: { readonly output?: { readonly type?: unknown; readonly error?: unknown } } & {
    readonly type?: unknown
    readonly error?: unknown
  }
  readonly error?: unknown
  [startedAt]?: number | undefined
}

/** Whole runs; their steps and model calls are within. */
const runs = new Set(['generateText', 'streamText', 'generateObject', 'streamObject'])

/** A tool's failure is a result to the SDK, which tells the model about it. */
const toolFailure = ({ error, result }: Message): string | undefined => {
  if (error !== undefined) return errorTypeName(error)
  const { type, output } = result ?? {}
  if (type === 'tool-error' || output?.type === 'tool-error') {
    return errorTypeName(result?.error ?? output?.error)
  }
  return undefined
}

/** Vercel's AI SDK from version 7 on tells on a diagnostics channel; a function id names the agent. */
export const createAiSdk = ({
  record,
  now,
}: {
  record: AgentWorkRecorder
  now: () => number
}): { aiSdkStarted(message: object): void; aiSdkEnded(message: object): void } => ({
  aiSdkStarted(message: Message) {
    if (message.type === 'executeTool' || runs.has(message.type ?? '')) message[startedAt] = now()
  },
  aiSdkEnded(message: Message) {
    const startedAtMs = message[startedAt]
    if (startedAtMs === undefined) return
    message[startedAt] = undefined
    const seconds = (now() - startedAtMs) / 1000
    const { type, event, error } = message
    const agent = event?.functionId
    if (type === 'executeTool') {
      const tool = event?.toolCall?.toolName
      record.tool({ framework, tool, agent, seconds, errorType: toolFailure(message) })
    } else {
      const errorType = error === undefined ? undefined : errorTypeName(error)
      record.agent({ framework, agent: agent ?? type, seconds, errorType })
    }
  },
})

import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Variables } from '../../configure/agent-environment.ts'
import type { HookGuard } from '../../hook-guard.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import type { CurrentAgent } from '../current-agent.ts'
import { createAiSdk } from './ai-sdk.ts'
import { createBullMq } from './bull-mq.ts'
import { createClaudeAgent } from './claude-agent.ts'
import { createClaudeCode } from './claude-code.ts'
import { createLangChain } from './lang-chain.ts'
import { createMastra } from './mastra.ts'
import { createMastraRuns } from './mastra-runs.ts'
import { createMcp } from './mcp.ts'
import { createOpenAiAgents } from './openai-agents.ts'
import { createAgentWorkRecorder } from './record-agent-work.ts'

/** What is done with what frameworks show us, each under the name by which it is handed over. */
export interface Frameworks {
  openAiAgents(provider: unknown): void
  /** Holds the AI SDK's function id. */
  aiSdkAgent(storage: AsyncLocalStorage<unknown>): void
  aiSdkStarted(message: object): void
  aiSdkEnded(message: object): void
  langChain(callbackManagerClass: unknown): void
  mcp(protocolClass: unknown): void
  bullMq(workerClass: unknown): void
  mastra(agentClass: unknown): void
  mastraRun(runClass: unknown): void
  /** Replaces the `value` handed over. */
  claudeAgent(query: unknown): void
  claudeCode(child: object): void
}

export const createFrameworks = ({
  ai,
  agents,
  guard,
  now,
  env,
}: {
  ai: AiRecordings
  agents: CurrentAgent
  guard: HookGuard
  now: () => number
  env: Variables
}): Frameworks => {
  const record = createAgentWorkRecorder(ai)
  const parts = { ai, agents, record, guard, now }
  return {
    openAiAgents: createOpenAiAgents(parts),
    aiSdkAgent: agents.join,
    ...createAiSdk(parts),
    langChain: createLangChain(parts),
    mcp: createMcp(parts),
    bullMq: createBullMq(parts),
    mastra: createMastra(parts),
    mastraRun: createMastraRuns(parts),
    claudeAgent: createClaudeAgent(parts),
    claudeCode: createClaudeCode(env),
  }
}

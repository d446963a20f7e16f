import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { CurrentAgent } from '../current-agent.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'
import { createStartedWork } from './started-work.ts'

const framework = 'langchain'
const handlerName = 'perfmon'

interface Serialized {
  readonly name?: unknown
  readonly id?: readonly unknown[]
}
interface Manager {
  readonly handlers: readonly { readonly name?: string }[]
  addHandler(handler: object, inherit: boolean): void
}
interface ManagerClass {
  new (): Manager
  _configureSync(...given: unknown[]): Manager | undefined
}

/** LangGraph's own nodes are `__start__` and the like. */
const nodeOf = (metadata: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const node = metadata?.['langgraph_node']
  return typeof node === 'string' && !node.startsWith('__') ? node : undefined
}

/** LangChain keeps the configuration of what runs in a storage of its own, one for all its copies. */
const currentNode = (): string | undefined => {
  const storage = (globalThis as Record<symbol, unknown>)[Symbol.for('ls:tracing_async_local_storage')]
  const run = (storage as { getStore?(): unknown } | undefined)?.getStore?.()
  const { extra } = (run ?? {}) as { extra?: Record<symbol, unknown> }
  const config = extra?.[Symbol.for('lc:child_config')] as { metadata?: Record<string, unknown> } | undefined
  return nodeOf(config?.metadata)
}

/**
 * Adds a callback handler to every callback manager of LangChain, which LangGraph uses too. A chain that
 * nobody called is a workflow (a graph); one within it that carries `langgraph_node` is an agent's turn.
 */
export const createLangChain = ({
  record,
  agents,
  guard,
  now,
}: {
  record: AgentWorkRecorder
  agents: CurrentAgent
  guard: HookGuard
  now: () => number
}): ((managerClass: unknown) => void) => {
  const work = createStartedWork()
  const kinds = new Map<string, { kind: 'workflow' | 'agent' | 'tool'; name: unknown }>()

  const begin = guard.wrap<
    unknown,
    {
      runId: string
      parent: string | undefined
      kind: 'workflow' | 'agent' | 'tool' | undefined
      name: unknown
    }
  >(({ runId, parent, kind, name }) => {
    work.begin(runId, { startedAtMs: now(), parent, agent: kind === 'agent' ? name : undefined })
    if (kind === undefined) return
    if (kinds.size >= 5000) kinds.clear()
    kinds.set(runId, { kind, name })
  })
  const finish = guard.wrap<unknown, { runId: string; error?: unknown; failed: boolean }>(
    ({ runId, error, failed }) => {
      const started = work.end(runId)
      const what = kinds.get(runId)
      kinds.delete(runId)
      if (started === undefined || what === undefined) return
      // LangGraph interrupts a run to ask somebody by throwing: nothing failed.
      const type = failed ? errorTypeName(error) : undefined
      const errorType = type === 'GraphInterrupt' ? undefined : type
      const seconds = (now() - started.startedAtMs) / 1000
      if (what.kind === 'tool') {
        const agent = work.agentOf(started.parent)
        record.tool({ framework, tool: what.name, agent, seconds, errorType })
      } else if (what.kind === 'agent') record.agent({ framework, agent: what.name, seconds, errorType })
      else record.workflow({ framework, workflow: what.name, seconds, errorType })
    },
  )

  const lastId = (serialized: Serialized | undefined) => serialized?.name ?? serialized?.id?.at(-1)

  // Awaited, so that its calls are made in order and at once; they take microseconds.
  const handler = {
    name: handlerName,
    awaitHandlers: true,
    lc_prefer_streaming: false,
    ignoreLLM: true,
    ignoreChain: false,
    ignoreAgent: false,
    ignoreRetriever: true,
    ignoreCustomEvent: true,
    raiseError: false,
    copy: () => handler,
    handleChainStart(
      chain: Serialized,
      _inputs: unknown,
      runId: string,
      parent?: string,
      _tags?: unknown,
      metadata?: Record<string, unknown>,
      _type?: string,
      runName?: string,
    ) {
      const node = nodeOf(metadata)
      const isNode = node !== undefined && runName === node
      const kind = parent === undefined ? 'workflow' : isNode ? 'agent' : undefined
      begin({ runId, parent, kind, name: isNode ? node : (runName ?? lastId(chain)) })
    },
    handleChainEnd: (_outputs: unknown, runId: string) => finish({ runId, failed: false }),
    handleChainError: (error: unknown, runId: string) => finish({ runId, error, failed: true }),
    handleToolStart(
      tool: Serialized,
      _input: unknown,
      runId: string,
      parent?: string,
      _tags?: unknown,
      _metadata?: unknown,
      runName?: string,
    ) {
      begin({ runId, parent, kind: 'tool', name: runName ?? lastId(tool) })
    },
    handleToolEnd: (_output: unknown, runId: string) => finish({ runId, failed: false }),
    handleToolError: (error: unknown, runId: string) => finish({ runId, error, failed: true }),
  }

  let asked = false

  return (given) => {
    const managerClass = given as ManagerClass
    const { _configureSync } = managerClass
    if (typeof _configureSync !== 'function') return
    if (!asked) agents.ask(currentNode)
    asked = true
    const add = guard.wrap<unknown, { manager: Manager | undefined }>((configured) => {
      configured.manager ??= new managerClass()
      if (!configured.manager.handlers.some(({ name }) => name === handlerName)) {
        configured.manager.addHandler(handler, true)
      }
    })
    managerClass._configureSync = function configure(...parts) {
      const configured = { manager: _configureSync.apply(this, parts) }
      add(configured)
      return configured.manager
    }
  }
}

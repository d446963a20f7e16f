import { channel, subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import type { AiWork } from './ai-work.ts'
import { findPackages } from './find-frameworks.ts'
import { type Handed, type Patch, watchLoading } from './watch-loading.ts'

/** One file of a package, and what of it is handed over once it is loaded. */
const patches: readonly (Patch & { readonly package: string })[] = [
  {
    package: '@langchain/core',
    file: /\/@langchain\/core\/dist\/callbacks\/manager\.c?js$/,
    hands: 'langChain',
    value: 'CallbackManager',
  },
  {
    package: '@modelcontextprotocol/sdk',
    file: /\/@modelcontextprotocol\/sdk\/dist\/(?:esm|cjs)\/shared\/protocol\.js$/,
    hands: 'mcp',
    value: 'Protocol',
  },
  // The second generation of that SDK, one file in each of its packages. As literals, which are compiled when used.
  {
    package: '@modelcontextprotocol/client',
    file: /\/@modelcontextprotocol\/client\/dist\/src-[\w-]+\.[cm]js$/,
    hands: 'mcp',
    value: 'Protocol',
  },
  {
    package: '@modelcontextprotocol/server',
    file: /\/@modelcontextprotocol\/server\/dist\/src-[\w-]+\.[cm]js$/,
    hands: 'mcp',
    value: 'Protocol',
  },
  {
    package: 'bullmq',
    file: /\/bullmq\/dist\/(?:esm|cjs)\/classes\/worker\.js$/,
    hands: 'bullMq',
    value: 'Worker',
  },
  {
    package: '@mastra/core',
    file: /\/@mastra\/core\/dist\/agent\/index\.(?:js|cjs)$/,
    hands: 'mastra',
    value: 'Agent',
    isPassedOn: true,
  },
  {
    package: '@mastra/core',
    file: /\/@mastra\/core\/dist\/workflows\/index\.(?:js|cjs)$/,
    hands: 'mastraRun',
    value: 'Run',
    isPassedOn: true,
  },
  {
    package: '@anthropic-ai/claude-agent-sdk',
    file: /\/@anthropic-ai\/claude-agent-sdk\/(?:sdk|core)\.mjs$/,
    hands: 'claudeAgent',
    value: 'query',
    isReplaced: true,
  },
  { package: 'undici', file: /\/undici\/index\.js$/, hands: 'undici', value: 'module.exports' },
]

/** Where the OpenAI Agents SDK keeps its trace provider, one for all its copies. */
const openAiAgentsProvider = Symbol.for('openai.agents.core.traceProvider')

/** An accessor instead of the value: whoever puts a provider there shows it to us. */
const watchOpenAiAgents = ({ guard, ai }: { guard: HookGuard; ai: () => AiWork }) => {
  if (openAiAgentsProvider in globalThis) return
  let provider: unknown
  const show = guard.wrap<unknown, unknown>((shown) => ai().openAiAgents(shown))
  Object.defineProperty(globalThis, openAiAgentsProvider, {
    configurable: true,
    enumerable: false,
    get: () => provider,
    set: (value: unknown) => {
      provider = value
      show(value)
    },
  })
}

/** Subscribing alone makes the AI SDK tell: it costs nothing where there is none. */
const watchAiSdk = ({ guard, ai }: { guard: HookGuard; ai: () => AiWork }) => {
  const onStart = guard.wrap<unknown, object>((message) => ai().aiSdkStarted(message))
  const onEnd = guard.wrap<unknown, object>((message) => ai().aiSdkEnded(message))
  // The two of its tracing channel's five that say something: a `TracingChannel` takes 0.3 ms to make.
  subscribe('tracing:ai:telemetry:start', onStart as (message: unknown) => void)
  subscribe('tracing:ai:telemetry:asyncEnd', onEnd as (message: unknown) => void)
}

/** The agent's name, its function id, for as long as it runs: a channel hands it on with what it traces. */
const followAiSdk = ({ ai }: { ai: () => AiWork }) => {
  const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks')
  const storage = new AsyncLocalStorage<unknown>()
  let joined = false
  channel('tracing:ai:telemetry:start').bindStore(storage, (message) => {
    // What is thrown here would end the agent.
    try {
      if (!joined) ai().aiSdkAgent(storage)
      joined = true
      return (message as { event?: { functionId?: unknown } }).event?.functionId ?? storage.getStore()
    } catch {
      return undefined
    }
  })
}

/** Claude Code reports by itself when its environment says where; each child is asked about its own. */
const watchClaudeCode = ({ guard, ai }: { guard: HookGuard; ai: () => AiWork }) => {
  const onChild = guard.wrap<unknown, { process: object }>(({ process: child }) => ai().claudeCode(child))
  subscribe('child_process', onChild as (message: unknown) => void)
}

/** Files that others than the AI hooks want a look at. */
export interface OtherPackages {
  readonly patches: readonly (Patch & { readonly package: string })[]
  receive(hands: Handed, value: unknown): void
}

/** Hooks into the packages that are installed beside the agent, and into none that are not. */
export const hookFrameworks = ({
  guard,
  ai,
  others,
}: {
  guard: HookGuard
  /** Absent where AI work is not watched. */
  ai: (() => AiWork) | undefined
  others: OtherPackages
}): void => {
  const claudeCode = '@anthropic-ai/claude-agent-sdk'
  const aiSdk = 'ai'
  const looked = [...(ai === undefined ? [] : patches), ...others.patches]
  if (looked.length === 0) return
  const installed = findPackages([...new Set(looked.map((patch) => patch.package)), claudeCode, aiSdk], {
    script: process.argv[1],
    folder: process.cwd(),
    anywhere: process.versions.pnp !== undefined,
  })
  if (ai !== undefined) {
    watchOpenAiAgents({ guard, ai })
    watchAiSdk({ guard, ai })
    if (installed.includes(aiSdk)) followAiSdk({ ai })
    if (installed.includes(claudeCode)) watchClaudeCode({ guard, ai })
  }
  // A file that both want is handed over once, to both.
  const wanted = looked.filter(
    (patch, at) =>
      installed.includes(patch.package) &&
      looked.findIndex(({ hands, file }) => hands === patch.hands && String(file) === String(patch.file)) ===
        at,
  )
  // Only then: with a hook every module that is loaded takes a longer way.
  if (wanted.length === 0) return
  watchLoading(wanted, {
    guard,
    receive(hands, value) {
      if (ai !== undefined && patches.some((patch) => patch.hands === hands)) {
        ai()[hands as Handed & keyof AiWork](value as never)
      }
      others.receive(hands, value)
    },
  })
}

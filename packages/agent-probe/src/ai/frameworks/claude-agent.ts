import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'
import { type ClaudeUsage, createClaudeUsage } from './claude-usage.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'

const framework = 'claude-agent-sdk'
/** The agent of a query that names none. */
const mainAgent = 'claude'
/** Tool uses of one query that are waited for. */
const maxOpenTools = 1000

/** What is read of a message; texts, arguments and results are not. */
interface Message {
  readonly type?: string
  readonly subtype?: string
  readonly is_error?: boolean
  readonly duration_ms?: number
  readonly parent_tool_use_id?: string | null
  readonly modelUsage?: ClaudeUsage
  readonly message?: { readonly content?: unknown }
}

interface Block {
  readonly type?: string
  readonly id?: string
  readonly name?: string
  readonly tool_use_id?: string
  readonly is_error?: boolean
  /** Only the kind of a subagent is looked at. */
  readonly input?: { readonly subagent_type?: unknown }
}

interface Result {
  readonly done?: boolean | undefined
  readonly value?: unknown
}
interface Messages {
  next(...given: unknown[]): Promise<Result>
  return?(...given: unknown[]): Promise<Result>
  [Symbol.asyncIterator]?(): Messages
}
type Query = (this: unknown, given: { options?: { agent?: unknown } }, ...more: unknown[]) => Messages

interface OpenTool {
  readonly name: string
  readonly startedAtMs: number
  /** Of the agent that uses it. */
  readonly agent: unknown
  /** What the tool is: an agent of its own. */
  readonly subagent: string | undefined
}

const blocksOf = ({ message }: Message): readonly Block[] =>
  Array.isArray(message?.content) ? (message.content as Block[]) : []

const override = (target: object, name: PropertyKey, value: unknown) =>
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })

/**
 * What a query of the Claude Agent SDK tells its caller: agents, subagents and tools by name, and tokens and
 * cost by model. The calls themselves are made by a child process, which reports them under its own name; so
 * they are told here as the agent's (`perfmon.gen_ai.agent.*`), not as calls of this process.
 */
export const createClaudeAgent = ({
  ai,
  record,
  guard,
  now,
}: {
  ai: AiRecordings
  record: AgentWorkRecorder
  guard: HookGuard
  now: () => number
}): ((handed: unknown) => void) => {
  const createFollower = (agent: unknown) => {
    let startedAtMs = now()
    let answered = false
    const tools = new Map<string, OpenTool>()
    const spend = createClaudeUsage(ai, agent)
    const seen = new WeakSet<object>()

    const agentOf = (parent: string | null | undefined): unknown =>
      (typeof parent === 'string' ? tools.get(parent)?.subagent : undefined) ?? agent

    const begin = (message: Message) => {
      for (const { type, id, name, input } of blocksOf(message)) {
        if (type !== 'tool_use' || id === undefined || name === undefined || tools.size >= maxOpenTools)
          continue
        tools.set(id, {
          name,
          startedAtMs: now(),
          agent: agentOf(message.parent_tool_use_id),
          subagent: boundedName(input?.subagent_type),
        })
      }
    }
    const end = (message: Message) => {
      for (const { type, tool_use_id: id = '', is_error } of blocksOf(message)) {
        const tool = type === 'tool_result' ? tools.get(id) : undefined
        if (tool === undefined) continue
        tools.delete(id)
        const seconds = (now() - tool.startedAtMs) / 1000
        const errorType = is_error === true ? 'tool_error' : undefined
        record.tool({ framework, tool: tool.name, agent: tool.agent, seconds, errorType })
        if (tool.subagent !== undefined) record.agent({ framework, agent: tool.subagent, seconds, errorType })
      }
    }

    const finish = (seconds: number, errorType: string | undefined) => {
      record.agent({ framework, agent, seconds, errorType })
      answered = true
    }

    return {
      message(value: unknown) {
        if (typeof value !== 'object' || value === null || seen.has(value)) return
        seen.add(value)
        const message = value as Message
        if (message.type === 'assistant' || message.type === 'user') {
          // A further turn of a conversation.
          if (answered) startedAtMs = now()
          answered = false
          if (message.type === 'assistant') begin(message)
          else end(message)
        } else if (message.type === 'result') {
          const { duration_ms, subtype, is_error, modelUsage } = message
          spend(modelUsage ?? {})
          const seconds = (typeof duration_ms === 'number' ? duration_ms : now() - startedAtMs) / 1000
          const failure = subtype === 'success' ? 'error' : (boundedName(subtype) ?? 'error')
          finish(seconds, is_error === true || subtype !== 'success' ? failure : undefined)
        }
      },
      /** The end of all messages; a run that never came to a result counts as it ended. */
      over(error?: unknown) {
        if (!answered)
          finish((now() - startedAtMs) / 1000, error === undefined ? undefined : errorTypeName(error))
      },
    }
  }

  const follow = guard.wrap<unknown, { messages: Messages; agent: unknown }>(({ messages, agent }) => {
    const follower = createFollower(agent)
    const onMessage = guard.wrap<unknown, Result>(({ done, value }) =>
      done ? follower.over() : follower.message(value),
    )
    const onError = guard.wrap<unknown, unknown>((error) => follower.over(error ?? new Error()))
    const onReturn = guard.wrap<unknown, undefined>(() => follower.over())

    const listened = new WeakSet<object>()
    const listen = (iterator: Messages): Messages => {
      if (listened.has(iterator)) return iterator
      listened.add(iterator)
      const { next, return: stop } = iterator
      override(iterator, 'next', (...given: unknown[]) =>
        next.apply(iterator, given).then(
          (result) => {
            onMessage(result)
            return result
          },
          (error: unknown) => {
            onError(error)
            throw error
          },
        ),
      )
      if (stop !== undefined) {
        override(iterator, 'return', (...given: unknown[]) => {
          onReturn(undefined)
          return stop.apply(iterator, given)
        })
      }
      return iterator
    }
    listen(messages)
    const iterate = messages[Symbol.asyncIterator]
    if (iterate !== undefined) {
      override(messages, Symbol.asyncIterator, () => listen(iterate.call(messages)))
    }
  })

  return (given) => {
    const handed = given as { value: unknown }
    const query = handed.value as Query
    if (typeof query !== 'function') return
    handed.value = function followed(this: unknown, given: Parameters<Query>[0], ...more: unknown[]) {
      const messages = query.call(this, given, ...more)
      follow({ messages, agent: given?.options?.agent ?? mainAgent })
      return messages
    }
  }
}

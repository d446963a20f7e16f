import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { HookGuard } from '../../hook-guard.ts'
import type { DurationHistogram } from '../../record/duration-histogram.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'
import { type AgentWorkRecorder, recordDuration } from './record-agent-work.ts'

/** What is read of a request and its result; arguments and contents are not. */
interface McpRequest {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown }
}
type Handler = (request: McpRequest, ...more: unknown[]) => unknown
interface ProtocolPrototype {
  request(request: McpRequest, ...more: unknown[]): Promise<unknown>
  setRequestHandler(schema: unknown, ...more: unknown[]): void
}

interface Ended {
  readonly into: DurationHistogram
  readonly request: McpRequest
  readonly startedAtMs: number
  readonly result?: unknown
  readonly error?: unknown
  readonly failed: boolean
}

/** JSON-RPC's code of an error, else its name. */
const failureOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'number' && Number.isInteger(code) ? String(code) : errorTypeName(error)
}

/**
 * Requests of the Model Context Protocol SDK, made and served. Served tools are tool calls as well: the
 * process that runs one knows how long the tool itself took.
 */
export const createMcp = ({
  ai,
  record,
  guard,
  now,
}: {
  ai: AiRecordings
  record: AgentWorkRecorder
  guard: HookGuard
  now: () => number
}): ((protocol: unknown) => void) => {
  const end = guard.wrap<unknown, Ended>(({ into, request, startedAtMs, result, error, failed }) => {
    const seconds = (now() - startedAtMs) / 1000
    const method = boundedName(request.method) ?? '_OTHER'
    const tool = method === 'tools/call' ? boundedName(request.params?.name) : undefined
    const isError = (result as { isError?: unknown } | null | undefined)?.isError === true
    const errorType = failed ? failureOf(error) : isError ? 'tool_error' : undefined
    recordDuration(into, `${method}|${tool}|${errorType}`, {
      seconds,
      attributes: () => ({
        [aiAttributeNames.mcpMethodName]: method,
        [aiAttributeNames.toolName]: tool,
        [aiAttributeNames.operationName]: tool === undefined ? undefined : 'execute_tool',
        [attributeNames.errorType]: errorType,
      }),
    })
    if (into === ai.mcpServer && tool !== undefined)
      record.tool({ framework: 'mcp', tool, seconds, errorType })
  })

  /** The same promise's outcome, told. */
  const tell = <Answer>(
    answer: Promise<Answer>,
    call: Pick<Ended, 'into' | 'request' | 'startedAtMs'>,
  ): Promise<Answer> =>
    answer.then(
      (result) => {
        end({ ...call, result, failed: false })
        return result
      },
      (error: unknown) => {
        end({ ...call, error, failed: true })
        throw error
      },
    )

  return (given) => {
    const prototype = (given as { prototype?: ProtocolPrototype } | undefined)?.prototype
    if (typeof prototype?.request !== 'function' || typeof prototype.setRequestHandler !== 'function') return
    const { request: make, setRequestHandler } = prototype
    prototype.request = function request(made, ...more) {
      const call = { into: ai.mcpClient, request: made, startedAtMs: now() }
      const answer = make.call(this, made, ...more)
      return typeof answer?.then === 'function' ? tell(answer, call) : answer
    }
    prototype.setRequestHandler = function setHandler(schema, ...more) {
      // The handler is the last of the arguments, whichever version of the SDK.
      const handler = more.at(-1)
      if (typeof handler !== 'function') return setRequestHandler.call(this, schema, ...more)
      const timed: Handler = (served, ...rest) => {
        const call = { into: ai.mcpServer, request: served, startedAtMs: now() }
        return tell(new Promise((resolve) => resolve((handler as Handler)(served, ...rest))), call)
      }
      return setRequestHandler.call(this, schema, ...more.slice(0, -1), timed)
    }
  }
}

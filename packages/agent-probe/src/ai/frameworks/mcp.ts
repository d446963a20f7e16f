import { aiAttributeNames, attributeNames } from '@perfmon/protocol/names'
import type { HookGuard } from '../../hook-guard.ts'
import type { DurationHistogram } from '../../record/duration-histogram.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { AiRecordings } from '../ai-recordings.ts'
import { boundedName } from '../bounded-name.ts'
import { recordDuration } from './record-agent-work.ts'

/** What is read of a request and its result; arguments and contents are not. */
interface McpRequest {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown }
}
type Handler = (request: McpRequest, ...more: unknown[]) => unknown
interface ProtocolPrototype {
  request(request: McpRequest, ...more: unknown[]): Promise<unknown>
  /** Version 2: every request that is made comes through here, also those not made by `request`. */
  _requestWithSchemaViaCodec?(codec: unknown, request: McpRequest, ...more: unknown[]): Promise<unknown>
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
 * Requests of the Model Context Protocol SDK, made and served. Calls of tools are told by these alone: as
 * `gen_ai.execute_tool` too they would be counted by the caller's framework, the client and the server.
 */
export const createMcp = ({
  ai,
  guard,
  now,
}: {
  ai: AiRecordings
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
  })

  /** The same promise's outcome, told. */
  const tell = <Answer>(
    answer: Promise<Answer>,
    call: Pick<Ended, 'into' | 'request' | 'startedAtMs'>,
  ): Promise<Answer> =>
    // Anything else than a promise is the SDK's new way of doing things: handed on.
    typeof answer?.then !== 'function'
      ? answer
      : answer.then(
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
    const { request: make, setRequestHandler, _requestWithSchemaViaCodec: makeByCodec } = prototype
    const begin = (request: McpRequest) => ({ into: ai.mcpClient, request, startedAtMs: now() })
    if (typeof makeByCodec === 'function') {
      prototype._requestWithSchemaViaCodec = function requestByCodec(codec, made, ...more) {
        const call = begin(made)
        return tell(makeByCodec.call(this, codec, made, ...more), call)
      }
    } else {
      prototype.request = function request(made, ...more) {
        const call = begin(made)
        return tell(make.call(this, made, ...more), call)
      }
    }
    prototype.setRequestHandler = function setHandler(schema, ...more) {
      // The handler is the last of the arguments, whichever version of the SDK.
      const handler = more.at(-1)
      if (typeof handler !== 'function') return setRequestHandler.call(this, schema, ...more)
      const timed: Handler = (served, ...rest) => {
        // Version 2 names the method first, and may hand over the parameters alone.
        const method = typeof schema === 'string' ? schema : served?.method
        const request = { method, ...(served?.params && { params: served.params }) }
        const call = { into: ai.mcpServer, request, startedAtMs: now() }
        return tell(new Promise((resolve) => resolve((handler as Handler)(served, ...rest))), call)
      }
      return setRequestHandler.call(this, schema, ...more.slice(0, -1), timed)
    }
  }
}

import type { HookGuard } from '../../hook-guard.ts'
import { errorTypeName } from '../../record/http-names.ts'
import type { CurrentAgent } from '../current-agent.ts'
import type { AgentWorkRecorder } from './record-agent-work.ts'

const framework = 'mastra'

interface MastraAgent {
  readonly name?: unknown
}
type Run = (this: MastraAgent, ...given: unknown[]) => unknown
type Callback = (...told: unknown[]) => unknown
type AgentPrototype = Record<'generate' | 'stream', Run> & {
  /** Tools by name, ready to be called, for one run of the agent. */
  convertTools?(this: MastraAgent, ...given: unknown[]): Promise<Readonly<Record<string, Tool>>>
}
interface Tool {
  readonly execute?: unknown
}
type Execute = (...given: unknown[]) => unknown

interface Ended {
  readonly agent: unknown
  /** Absent when the agent itself has ended. */
  readonly tool?: string
  readonly startedAtMs: number
  readonly error?: unknown
  readonly failed: boolean
}

/**
 * Agents of Mastra by name. A stream ends when the framework calls back, not when it is handed over: reading
 * anything of what is handed over would set it going.
 */
export const createMastra = ({
  record,
  agents,
  guard,
  now,
}: {
  record: AgentWorkRecorder
  agents: CurrentAgent
  guard: HookGuard
  now: () => number
}): ((agentClass: unknown) => void) => {
  const end = guard.wrap<unknown, Ended>(({ agent, tool, startedAtMs, error, failed }) => {
    const seconds = (now() - startedAtMs) / 1000
    // What a tool throws arrives within an error of the framework's.
    const reason = (error as { cause?: unknown } | undefined)?.cause ?? error
    const errorType = failed ? errorTypeName(tool === undefined ? error : reason) : undefined
    if (tool === undefined) record.agent({ framework, agent, seconds, errorType })
    else record.tool({ framework, tool, agent, seconds, errorType })
  })

  const wrap = (run: Run): Run =>
    async function watched(...given) {
      const call = { agent: this.name, startedAtMs: now() }
      try {
        const result = await agents.within(call.agent, () => run.apply(this, given))
        end({ ...call, failed: false })
        return result
      } catch (error) {
        end({ ...call, error, failed: true })
        throw error
      }
    }

  const stream = (run: Run): Run =>
    async function watched(messages, options, ...more) {
      const call = { agent: this.name, startedAtMs: now() }
      let over = false
      const once = (how: { error?: unknown; failed: boolean }) => {
        if (!over) end({ ...call, ...how })
        over = true
      }
      const given = (options ?? {}) as Record<'onFinish' | 'onError', Callback | undefined>
      const onFinish: Callback = (...told) => {
        once({ failed: false })
        return given.onFinish?.(...told)
      }
      const { onError } = given
      // Only where the agent has one: without it the framework reports errors in its own way.
      const onErrorToo: Callback | undefined =
        onError &&
        ((...told) => {
          once({ error: (told[0] as { error?: unknown } | undefined)?.error, failed: true })
          return onError(...told)
        })
      const callbacks = { onFinish, ...(onErrorToo && { onError: onErrorToo }) }
      try {
        return await agents.within(call.agent, () =>
          run.call(this, messages, { ...given, ...callbacks }, ...more),
        )
      } catch (error) {
        once({ error, failed: true })
        throw error
      }
    }

  const timeTool = <Wrapped extends Tool>(agent: unknown, name: string, tool: Wrapped): Wrapped => {
    if (typeof tool?.execute !== 'function') return tool
    const run = tool.execute as Execute
    const execute = async (...given: unknown[]) => {
      const call = { agent, tool: name, startedAtMs: now() }
      try {
        const result = await run.apply(tool, given)
        end({ ...call, failed: false })
        return result
      } catch (error) {
        end({ ...call, error, failed: true })
        throw error
      }
    }
    return { ...tool, execute }
  }

  return (given) => {
    const prototype = (given as { prototype?: AgentPrototype } | undefined)?.prototype
    if (typeof prototype?.generate !== 'function' || typeof prototype.stream !== 'function') return
    prototype.generate = wrap(prototype.generate)
    prototype.stream = stream(prototype.stream)
    const { convertTools } = prototype
    if (typeof convertTools !== 'function') return
    prototype.convertTools = async function converted(...options) {
      const tools = await convertTools.apply(this, options)
      return Object.fromEntries(
        Object.entries(tools ?? {}).map(([name, tool]) => [name, timeTool(this.name, name, tool)]),
      )
    }
  }
}

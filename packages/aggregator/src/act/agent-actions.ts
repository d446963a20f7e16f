import {
  type ActionArgs,
  type ActionResponse,
  type ActionsResponse,
  actionResponseSchema,
  actionsResponseSchema,
  metricsErrorSchema,
  type NewEvent,
} from '@perfmon/protocol'
import type { z } from 'zod'
import type { AgentTable } from '../store/agent-table.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../system/logger.ts'
import { type Line, LineError, type Lines } from './line.ts'

/** What is asked of an agent, and by whom. */
export interface ActionCall {
  readonly action: string
  readonly args: ActionArgs
  /** Who wants it, for the journal of the agent and for the audit. */
  readonly by: string
  /** The same id again gets the first answer and does nothing. A new one when left out. */
  readonly requestId?: string
  readonly timeoutMs: number
}

/** What agents can be asked to do, over whichever connection there is. Rejects with an {@link AgentActionError}. */
export interface AgentActions {
  list(agentId: string): Promise<ActionsResponse>
  /** Every call is written down as events, before it is sent and when it is over. */
  run(agentId: string, call: ActionCall): Promise<ActionResponse>
  /** How the agent can be reached: `null` when it cannot. */
  reachableBy(agentId: string): 'polled' | 'dialled-in' | null
}

/**
 * `code` is the agent's own (`not-allowed`, `out-of-bounds` …), or of the way to it: `unknown-agent`,
 * `agent-not-reachable`, `agent-gone` (it is unknown whether it was done: the same requestId tells),
 * `no-answer`, `bad-answer`.
 */
export class AgentActionError extends Error {
  override name = 'AgentActionError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface AgentActionsOptions {
  readonly lines: Lines
  readonly agents: AgentTable
  readonly store: Pick<Store, 'appendEvents'>
  readonly nowMs: () => number
  readonly newRequestId: () => string
  /** What this aggregator calls itself to agents. */
  readonly instance: string
  readonly logger: Logger
}

/** Longest wait for a list: each tunable is given a second to say its value. */
const listTimeoutMs = 5_000

export function createAgentActions(options: AgentActionsOptions): AgentActions {
  const { lines, agents, store, nowMs, newRequestId, instance, logger } = options

  function lineTo(agentId: string): Line {
    if (!agents.get(agentId)) {
      throw new AgentActionError('unknown-agent', 'No agent has this id. GET /api/agents lists them.')
    }
    const found = lines.lineTo(agentId)
    if (found) return found.line
    throw new AgentActionError(
      'agent-not-reachable',
      'The agent has no open connection that it could be asked over. Start it with PERFMON_AGGREGATOR_URL, or with PERFMON_WS_PORT and let it be polled (PERFMON_AGENTS).',
    )
  }

  async function exchange<S extends z.ZodType>(
    line: Line,
    message: { readonly requestId: string },
    timeoutMs: number,
    schema: S,
  ): Promise<z.output<S>> {
    const answer = await line.request(message, timeoutMs).catch((error: unknown) => {
      throw explainLine(error)
    })
    const good = schema.safeParse(answer)
    if (good.success) return good.data
    const refusal = metricsErrorSchema.safeParse(answer)
    if (refusal.success) throw new AgentActionError(refusal.data.code, refusal.data.message.slice(0, 1_000))
    throw new AgentActionError('bad-answer', 'The agent answered with something that is no answer to it.')
  }

  /** The audit must not be a reason to leave an agent half changed: what the disk refuses is logged. */
  async function note(event: NewEvent): Promise<void> {
    await store.appendEvents([event]).catch((error) => {
      logger.error({ err: error, event }, 'an action could not be written to the audit log')
    })
  }

  return {
    async list(agentId) {
      const message = { type: 'actions_request', requestId: newRequestId() }
      return exchange(lineTo(agentId), message, listTimeoutMs, actionsResponseSchema)
    },

    async run(agentId, { action, args, by, requestId = newRequestId(), timeoutMs }) {
      const line = lineTo(agentId)
      const agent = agents.get(agentId)!
      const what = { agentId, name: agent.name, swarm: agent.swarm, action, args, by, requestId }
      // Before it is sent: a crash in between must leave a trace of what may have been done. Not written, not done.
      await store.appendEvents([{ type: 'action-requested', timeMs: nowMs(), ...what }])
      try {
        const response = await exchange(
          line,
          {
            type: 'action_request',
            requestId,
            action,
            args,
            deadlineMs: nowMs() + timeoutMs,
            by: instance,
          } as { requestId: string },
          timeoutMs,
          actionResponseSchema,
        )
        const { undo, durationMs } = response
        await note({
          type: 'action-done',
          timeMs: nowMs(),
          ...what,
          outcome: 'done',
          durationMs,
          ...(undo === undefined ? {} : { undo }),
        })
        return response
      } catch (error) {
        const { code = 'failed', message } = error as Partial<AgentActionError>
        await note({
          type: 'action-done',
          timeMs: nowMs(),
          ...what,
          outcome: code,
          ...(message === undefined ? {} : { message }),
        })
        throw error
      }
    },

    reachableBy: (agentId) => lines.lineTo(agentId)?.kind ?? null,
  }
}

function explainLine(error: unknown): AgentActionError {
  if (!(error instanceof LineError)) return new AgentActionError('agent-gone', String(error))
  const codes = {
    'not-connected': 'agent-not-reachable',
    gone: 'agent-gone',
    'no-answer': 'no-answer',
    'too-many': 'busy',
  } as const
  return new AgentActionError(codes[error.code], `${error.message}.`)
}

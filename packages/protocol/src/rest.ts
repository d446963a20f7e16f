import { z } from 'zod'
import { actionArgsSchema } from './action-message.ts'
import type { Agent } from './agent.ts'
import type { Alert } from './alert.ts'
import type { SwarmHealth } from './live-message.ts'
import type { Series } from './series.ts'

/** Error body of the REST API (RFC 9457, `application/problem+json`). `code` is stable; `detail` is for people. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
}

export interface AgentsResponse {
  agents: Agent[]
  total: number
  nowMs: number
}

export interface AlertsResponse {
  alerts: Alert[]
  total: number
  nowMs: number
}

export interface SeriesResponse {
  series: Series[]
  total: number
  truncated: boolean
}

/** `GET /api/samples`: one series as two columns, ascending. */
export interface SamplesResponse {
  series: Series
  timesMs: number[]
  values: number[]
  truncated: boolean
}

export interface StatusResponse {
  version: string
  startedMs: number
  nowMs: number
  health: SwarmHealth
  otlp: string
  dataDir: string
}

/** Body of `POST /api/agents/ID/actions/NAME`. */
export const runActionSchema = z.strictObject({
  args: actionArgsSchema.default({}),
  /** The same id again gets the first answer and does nothing. */
  requestId: z.string().min(8).max(128).optional(),
  /** Longest wait for the agent's answer. */
  timeoutMs: z.number().int().min(100).max(600_000).default(90_000),
})
export type RunAction = z.input<typeof runActionSchema>

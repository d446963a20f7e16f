import type {
  Agent,
  AgentsResponse,
  AlertState,
  AlertsResponse,
  SamplesResponse,
  SeriesResponse,
  StatusResponse,
} from '@perfmon/protocol'
import { alertStateSchema } from '@perfmon/protocol'
import { type Request, type Response, Router } from 'express'
import { z } from 'zod'
import type { AgentTable } from '../store/agent-table.ts'
import type { SeriesTable } from '../store/series-table.ts'
import type { Store } from '../store/store.ts'
import type { LiveView } from './live-view.ts'
import { sendProblem } from './problem.ts'

export interface ApiOptions {
  readonly store: Store
  readonly agents: AgentTable
  readonly series: SeriesTable
  readonly view: LiveView
  readonly nowMs: () => number
  readonly version: string
  readonly startedMs: number
  readonly otlpUrl: () => string
  readonly dataDir: string
  /** What agents can be asked to do. */
  readonly actions: Router
  readonly reachableBy: (agentId: string) => Agent['reachableBy']
}

const pageSchema = z.object({ limit: z.coerce.number().int().min(1).max(10_000).default(1_000) })
const agentsSchema = pageSchema.extend({
  swarm: z.string().max(256).optional(),
  status: z.string().max(20).optional(),
})
const alertsSchema = pageSchema.extend({ state: z.string().max(60).default('pending,active,resolved') })
const seriesSchema = pageSchema.extend({ agent: z.string().max(512), metric: z.string().max(255).optional() })
const samplesSchema = z.object({
  series: z.coerce.number().int().min(0),
  from: z.coerce.number().min(0).default(0),
  to: z.coerce.number().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(10_000),
})

/** What can be asked: agents, alerts, series and their samples, and how the aggregator is. */
export function apiRoutes(options: ApiOptions): Router {
  const { store, agents, series, view, nowMs } = options
  const router = Router()
  const withReach = (agent: Agent): Agent => ({ ...agent, reachableBy: options.reachableBy(agent.id) })
  router.use(options.actions)

  router.get('/agents', (request, response) => {
    const query = parse(agentsSchema, request, response)
    if (!query) return
    const matching = agents
      .list()
      .filter((agent) => query.swarm === undefined || agent.swarm === query.swarm)
      .filter((agent) => query.status === undefined || agent.status === query.status)
    const body: AgentsResponse = {
      agents: matching.slice(0, query.limit).map(withReach),
      total: matching.length,
      nowMs: nowMs(),
    }
    response.json(body)
  })

  router.get('/collectors', (_request, response) => {
    const collectors = agents.collectors()
    const body: AgentsResponse = { agents: collectors, total: collectors.length, nowMs: nowMs() }
    response.json(body)
  })

  router.get('/agents/:id', (request, response) => {
    const agent = agents.get(request.params.id)
    if (agent) response.json(withReach(agent))
    else
      sendProblem(
        response,
        404,
        'unknown-agent',
        'Unknown agent',
        'No agent has this id. GET /api/agents lists them.',
      )
  })

  router.get('/alerts', async (request, response) => {
    const query = parse(alertsSchema, request, response)
    if (!query) return
    const states: AlertState[] = []
    for (const written of query.state.split(',')) {
      const state = alertStateSchema.safeParse(written.trim())
      if (!state.success) {
        const detail = `state "${written}" is none of pending, active, resolved.`
        return sendProblem(response, 400, 'invalid-query', 'Invalid query', detail)
      }
      states.push(state.data)
    }
    // A pending alert that went away by itself was never an alert to anybody.
    const listed = await store.listAlerts(states, query.limit)
    const alerts = listed.filter((alert) => alert.state !== 'resolved' || alert.activeSinceMs !== null)
    const body: AlertsResponse = { alerts, total: alerts.length, nowMs: nowMs() }
    response.json(body)
  })

  router.get('/series', (request, response) => {
    const query = parse(seriesSchema, request, response)
    if (!query) return
    const all = series.ofAgent(query.agent)
    const matching = query.metric === undefined ? all : all.filter((one) => one.metric === query.metric)
    const body: SeriesResponse = {
      series: matching.slice(0, query.limit),
      total: matching.length,
      truncated: matching.length > query.limit,
    }
    response.json(body)
  })

  router.get('/samples', async (request, response) => {
    const query = parse(samplesSchema, request, response)
    if (!query) return
    const asked = series.byId(query.series)
    if (!asked) {
      const detail = 'No series has this number. GET /api/series?agent=ID lists them.'
      return sendProblem(response, 404, 'unknown-series', 'Unknown series', detail)
    }
    // One more than asked tells whether there is more.
    const range = await store.readSamples(
      asked.id,
      query.from,
      query.to ?? Number.MAX_SAFE_INTEGER,
      query.limit + 1,
    )
    const skip = Math.max(0, range.timesMs.length - query.limit)
    const body: SamplesResponse = {
      series: asked,
      timesMs: Array.from(range.timesMs.subarray(skip)),
      values: Array.from(range.values.subarray(skip)),
      truncated: skip > 0,
    }
    response.json(body)
  })

  router.get('/status', (_request, response) => {
    const body: StatusResponse = {
      version: options.version,
      startedMs: options.startedMs,
      nowMs: nowMs(),
      health: view.health(),
      otlp: options.otlpUrl(),
      dataDir: options.dataDir,
    }
    response.json(body)
  })

  router.use((request, response) => {
    sendProblem(response, 404, 'unknown-path', 'Not found', `There is no /api${request.path.slice(0, 200)}.`)
  })
  return router
}

function parse<S extends z.ZodType>(schema: S, request: Request, response: Response): z.output<S> | null {
  const parsed = schema.safeParse(request.query)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  sendProblem(response, 400, 'invalid-query', 'Invalid query', `${issue?.path.join('.')}: ${issue?.message}`)
  return null
}

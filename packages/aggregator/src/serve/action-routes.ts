import { runActionSchema } from '@perfmon/protocol'
import express, { type Response, Router } from 'express'
import { AgentActionError, type AgentActions } from '../act/agent-actions.ts'
import { sendProblem } from './problem.ts'

/** HTTP status of an error, by its code. */
const statuses: Readonly<Record<string, number>> = {
  'unknown-agent': 404,
  'unknown-action': 404,
  'not-allowed': 403,
  'out-of-bounds': 422,
  'invalid-argument': 422,
  'agent-not-reachable': 409,
  busy: 409,
  expired: 409,
  'rate-limited': 429,
  'action-failed': 502,
  'agent-gone': 502,
  'bad-answer': 502,
  'no-answer': 504,
}

/** What can be asked of an agent, and asking it. Only JSON bodies: a form of another site cannot send one unasked. */
export function actionRoutes({ actions }: { readonly actions: AgentActions }): Router {
  const router = Router()

  router.get('/agents/:id/actions', async (request, response) => {
    await answering(response, () => actions.list(request.params.id))
  })

  router.post(
    '/agents/:id/actions/:name',
    express.json({ limit: 16 * 1024, strict: true }),
    async (request, response) => {
      if (!request.is('application/json')) {
        const detail =
          'Send a JSON body, such as {"args":{}}, with the header Content-Type: application/json.'
        return sendProblem(response, 415, 'not-json', 'Not JSON', detail)
      }
      const body = runActionSchema.safeParse(request.body)
      if (!body.success) {
        const issue = body.error.issues[0]
        const detail = `${issue?.path.join('.') || 'body'}: ${issue?.message}`
        return sendProblem(response, 400, 'invalid-body', 'Invalid body', detail)
      }
      const { args, requestId, timeoutMs } = body.data
      await answering(response, () =>
        actions.run(request.params.id, {
          action: request.params.name,
          args,
          by: `api ${request.socket.remoteAddress ?? 'unknown'}`,
          ...(requestId === undefined ? {} : { requestId }),
          timeoutMs,
        }),
      )
    },
  )
  return router
}

async function answering(response: Response, ask: () => Promise<object>): Promise<void> {
  try {
    response.json(await ask())
  } catch (error) {
    if (!(error instanceof AgentActionError)) throw error
    const { code, message } = error
    sendProblem(response, statuses[code] ?? 502, code, 'The action was not done', message)
  }
}

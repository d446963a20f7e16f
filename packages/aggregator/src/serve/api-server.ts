import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import helmet from 'helmet'
import type { Logger } from '../system/logger.ts'
import type { SelfTelemetry } from '../system/self-telemetry.ts'
import type { createAccess, Denial } from './access.ts'
import { sendProblem } from './problem.ts'

export interface ApiServerOptions {
  readonly deny: ReturnType<typeof createAccess>
  readonly routes: Router
  readonly telemetry: SelfTelemetry
  /** Folder of the built dashboard. */
  readonly dashboardDir: string
  /** Null when ready, else why not. */
  readonly notReadyReason: () => string | null
  readonly logger: Logger
}

const denials: Record<Denial, readonly [status: number, title: string, detail: string]> = {
  'foreign-host': [403, 'Forbidden', 'The Host header is not one of this server.'],
  'foreign-origin': [403, 'Forbidden', 'Pages of other sites may not ask.'],
  unauthorized: [
    401,
    'Unauthorized',
    'Send the token as: Authorization: Bearer TOKEN. In a browser: any name, and the token as password.',
  ],
}

/** The HTTP server for people and programs: dashboard, `/api`, `/metrics`, `/healthz`, `/readyz`. Not listening yet. */
export function createApiServer(options: ApiServerOptions): Server {
  const { deny, routes, telemetry, dashboardDir, notReadyReason, logger } = options
  const app = express()
  app.disable('x-powered-by')
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          connectSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          objectSrc: ["'none'"],
          frameAncestors: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
        },
      },
      // Served over plain HTTP on loopback; TLS is the business of whoever puts a proxy in front.
      strictTransportSecurity: false,
    }),
  )
  // Probes of an orchestrator carry no token and learn nothing but yes or no.
  app.get('/healthz', (_request, response) => void response.type('text/plain').send('ok\n'))
  app.get('/readyz', (_request, response) => {
    const reason = notReadyReason()
    response
      .status(reason === null ? 200 : 503)
      .type('text/plain')
      .send(`${reason ?? 'ready'}\n`)
  })
  app.use((request, response, next) => {
    const denial = deny(request)
    if (!denial) return next()
    const [status, title, detail] = denials[denial]
    if (status === 401)
      response.setHeader('www-authenticate', ['Bearer realm="perfmon"', 'Basic realm="perfmon"'])
    sendProblem(response, status, denial, title, detail)
  })
  app.get('/metrics', (request, response) => telemetry.handleScrape(request, response))
  app.use('/api', (_request, response, next) => {
    response.setHeader('cache-control', 'no-store')
    next()
  })
  app.use('/api', routes)
  if (existsSync(join(dashboardDir, 'index.html'))) {
    // Asset names carry a hash of their content; the page that names them must be asked for anew.
    app.use('/assets', express.static(join(dashboardDir, 'assets'), { immutable: true, maxAge: '1y' }))
    app.use(express.static(dashboardDir, { cacheControl: false }))
  } else {
    app.get('/', (_request, response) => {
      const detail = 'The dashboard is not built. Run: npm run build'
      sendProblem(response, 503, 'dashboard-not-built', 'Dashboard not built', detail)
    })
  }
  app.use((request, response) => {
    sendProblem(response, 404, 'unknown-path', 'Not found', `There is no ${request.path.slice(0, 200)}.`)
  })
  app.use((error: Error & { status?: number }, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error)
    const status = error.status ?? 500
    if (status >= 500) logger.error({ err: error }, 'a request failed')
    const detail = status >= 500 ? 'See the log of the aggregator.' : error.message
    sendProblem(response, status, status >= 500 ? 'internal' : 'invalid-request', 'Request failed', detail)
  })
  const server = createServer(app)
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  server.maxConnections = 2_000
  return server
}

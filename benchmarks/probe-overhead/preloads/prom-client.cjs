/** What a user of prom-client writes: default metrics, a histogram of HTTP requests, an address to scrape. */
const { createRequire } = require('node:module')
const { subscribe } = require('node:diagnostics_channel')
const { createServer } = require('node:http')
const client = createRequire(`${process.env.PEER_FOLDER}/index.js`)('prom-client')

client.collectDefaultMetrics()
const labelNames = ['method', 'status']
const durations = new client.Histogram({ name: 'http_request_duration_seconds', help: 'served', labelNames })
const calls = new client.Histogram({ name: 'http_client_duration_seconds', help: 'made', labelNames })

const startedAt = Symbol('startedAt')
const own = createServer(async (_request, response) => response.end(await client.register.metrics()))
own.listen(Number(process.env.SCRAPE_PORT ?? 0), '127.0.0.1').unref()

subscribe('http.server.request.start', ({ response, server }) => {
  if (server !== own) response[startedAt] = performance.now()
})
subscribe('http.server.response.finish', ({ request, response }) => {
  if (response[startedAt] === undefined) return
  const labels = { method: request.method, status: response.statusCode }
  durations.observe(labels, (performance.now() - response[startedAt]) / 1000)
})
subscribe('undici:request:create', ({ request }) => {
  request[startedAt] = performance.now()
})
subscribe('undici:request:headers', ({ request, response }) => {
  const labels = { method: request.method, status: response.statusCode }
  calls.observe(labels, (performance.now() - request[startedAt]) / 1000)
})

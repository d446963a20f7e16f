import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readDelivery } from './read-delivery.js'

const keptDeliveries = 100

/**
 * Receives Alertmanager webhooks on 127.0.0.1 and prints a line for each alert. A delivery whose
 * `Idempotency-Key` it still knows is a repetition: answered, counted, not printed again.
 *
 * @param {import('./echo-webhook.d.ts').EchoWebhookOptions} [options]
 * @returns {Promise<import('./echo-webhook.d.ts').EchoWebhook>}
 */
export async function startEchoWebhook({ port = 0, onAlert, log = console.log, now = Date.now } = {}) {
  const deliveries = []

  async function answer(request, response) {
    const send = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.method === 'GET' && request.url === '/received') return send(200, deliveries)
    if (request.method !== 'POST') return send(404, { error: 'POST alerts here, or GET /received' })

    const { alerts, problem } = await readDelivery(request)
    if (problem) return send(400, { error: problem })
    const idempotencyKey = request.headers['idempotency-key'] ?? null
    const known = deliveries.find((each) => idempotencyKey !== null && each.idempotencyKey === idempotencyKey)
    if (known) {
      known.repeated++
      return send(200, { repeated: true })
    }
    const delivery = { arrivedAtMs: now(), idempotencyKey, repeated: 0, alerts }
    deliveries.push(delivery)
    if (deliveries.length > keptDeliveries) deliveries.shift()
    for (const alert of alerts) {
      log(describeAlert(alert, delivery.arrivedAtMs))
      onAlert?.(alert, delivery)
    }
    send(200, { repeated: false })
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const actualPort = server.address().port
  return {
    url: `http://127.0.0.1:${actualPort}/`,
    port: actualPort,
    received: () => [...deliveries],
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** `12:00:03.250 FIRING critical coder: Response time is 6 s (3.2 s after its start)` */
function describeAlert({ status, labels, annotations, startsAt }, arrivedAtMs) {
  const time = new Date(arrivedAtMs).toISOString().slice(11, 23)
  const agent = labels.agent ?? labels.instance ?? 'no agent'
  const summary = annotations.summary ?? labels.alertname ?? 'no summary'
  const delaySeconds = ((arrivedAtMs - Date.parse(startsAt)) / 1000).toFixed(1)
  const line = `${time} ${status.toUpperCase()} ${labels.severity ?? '-'} ${agent}: ${summary} (${delaySeconds} s after its start)`
  // Names and summaries come from agents: control characters could rewrite the terminal or fake a line.
  return line.replaceAll(/\p{C}/gu, '?')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '9099' } } })
  const webhook = await startEchoWebhook({ port: Number(values.port) })
  console.log(`Waiting for alerts at ${webhook.url}`)
}

import { createSocket } from 'node:dgram'
import { createServer, get } from 'node:http'
import { gunzipSync, inflateSync } from 'node:zlib'

/**
 * Everything that the agents call or report to, in a process of its own: a service, a model, and receivers that
 * speak enough of each peer's protocol to be sent to. Answers `counts` over IPC with what arrived.
 */
const counts = { otlp: 0, otlpBytes: 0, datadog: 0, elastic: 0, scrapes: 0, withHttp: 0 }

const completion = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  model: 'gpt-5',
  choices: [{ index: 0, message: { role: 'assistant', content: 'done '.repeat(40) }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 200, completion_tokens: 40, total_tokens: 240 },
})
const tool = JSON.stringify({ found: 'something '.repeat(20) })

const json = (response, text) =>
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)

const plain = (bytes, encoding) => {
  try {
    if (encoding === 'gzip') return gunzipSync(bytes)
    if (encoding === 'deflate') return inflateSync(bytes)
  } catch {
    // Counted as it is.
  }
  return bytes
}
const tellsHttp = /http\.(server|client)\.|http_request_duration|span\.self_time|transaction/

const report = (kind, request, body) => {
  counts[kind]++
  if (kind === 'otlp') counts.otlpBytes += body.byteLength
  if (tellsHttp.test(plain(body, request.headers['content-encoding']).toString('latin1'))) counts.withHttp++
}

const server = createServer((request, response) => {
  if (request.url === '/tool') {
    json(response, tool)
    return
  }
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    if (request.url === '/v1/chat/completions') json(response, completion)
    else if (request.url === '/v1/metrics') {
      report('otlp', request, body)
      response.writeHead(200, { 'content-type': request.headers['content-type'] }).end()
    } else if (request.url.startsWith('/intake/v2/events')) {
      report('elastic', request, body)
      response.writeHead(202).end()
    } else if (request.url.startsWith('/v0.')) {
      report('datadog', request, body)
      json(response, '{"rate_by_service":{}}')
    } else json(response, '{"version":"8.17.0"}')
  })
})
server.keepAliveTimeout = 300_000

const statsd = createSocket('udp4').on('message', () => {
  counts.datadog++
})

const scrapePort = Number(process.env.SCRAPE_PORT)
setInterval(() => {
  get({ host: '127.0.0.1', port: scrapePort, agent: false }, (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk))
    response.on('end', () => report('scrapes', response, Buffer.concat(chunks)))
  }).on('error', () => {
    // prom-client is not running just now.
  })
}, 1000)

process.on('message', () => process.send({ counts: { ...counts } }))
process.on('disconnect', () => process.exit())
statsd.bind(0, '127.0.0.1', () => {
  server.listen(0, '127.0.0.1', () => {
    process.send({ port: server.address().port, statsdPort: statsd.address().port })
  })
})

import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { anthropicMessages, promptOf } from './anthropic-messages.js'
import { BadRequest, requireMessages } from './bad-request.js'
import { chatCompletions, openAiErrorBody } from './chat-completions.js'
import { embeddings } from './embeddings.js'
import { googleGenerateContent, isGenerateContent } from './google-generate-content.js'
import { countTokens, makeReply } from './make-reply.js'
import { readJson } from './read-json.js'
import { responses } from './responses.js'
import { seededRandom } from './seeded-random.js'
import { changeSettings, defaultSettings } from './settings.js'

const endpoints = new Map(
  [chatCompletions, responses, embeddings, anthropicMessages, googleGenerateContent].map((each) => [
    each.path,
    each,
  ]),
)
/** @param {string} path */
const endpointAt = (path) => (isGenerateContent(path) ? googleGenerateContent : endpoints.get(path))
const countTokensPath = '/v1/messages/count_tokens'

const defaultMaxBodyBytes = 4 * 1024 * 1024
const noTokens = {
  inputTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
}
/** Most models that are counted apart. */
const maxModels = 100
/** Of a streamed reply's time, the part before its first token. */
const firstTokenShare = 0.4

/**
 * Starts a stand-in for a model provider on 127.0.0.1. It speaks OpenAI's Chat Completions and Responses,
 * Anthropic's Messages and Google's generateContent, streamed and whole; it calls the first tool it is offered, then answers.
 * With the same seed the n-th request always has the same latency and fate, and a question the same answer.
 *
 * @param {import('./fake-model-server.d.ts').FakeModelServerOptions} [options]
 * @returns {Promise<import('./fake-model-server.d.ts').FakeModelServer>}
 */
export async function startFakeModelServer(options = {}) {
  const { port = 0, seed = 1, maxBodyBytes = defaultMaxBodyBytes, now = Date.now, ...initial } = options
  let settings = changeSettings(defaultSettings, initial)
  const tally = {
    requests: 0,
    byEndpoint: Object.fromEntries([...endpoints.values()].map((endpoint) => [endpoint.name, 0])),
    inFlight: 0,
    answered: 0,
    streamed: 0,
    toolCalls: 0,
    errors: 0,
    rateLimited: 0,
    refused: 0,
    abandoned: 0,
    ...noTokens,
    finishReasons: {},
    byModel: Object.create(null),
  }

  const server = createServer((request, response) => {
    // Nobody waits for this: whatever goes wrong in it must end here.
    void route(request, response).catch((error) => {
      if (error.name === 'AbortError') return
      const endpoint = endpointAt(pathOf(request))
      const status = error instanceof BadRequest ? error.status : 500
      if (status < 500) tally.refused++
      sendError(response, { status, message: error.message, errorBody: endpoint?.errorBody })
    })
  })

  async function route(request, response) {
    const path = pathOf(request)
    const endpoint = endpointAt(path)
    if (endpoint && request.method === 'POST') return await answerModelCall(endpoint, request, response)
    switch (`${request.method} ${path}`) {
      case `POST ${countTokensPath}`: {
        const body = await readJson(request, maxBodyBytes)
        requireMessages(body, 'messages')
        return sendJson(response, 200, { input_tokens: countTokens(promptOf(body)) })
      }
      case 'GET /control':
        return sendJson(response, 200, { settings, counts: counts() })
      case 'POST /control':
        control(await readJson(request, 64 * 1024))
        return sendJson(response, 200, { settings, counts: counts() })
    }
    const known = [...endpoints.keys(), countTokensPath].map((each) => `POST ${each}`).join(', ')
    throw new BadRequest(`nothing here; there are ${known}, GET and POST /control`, 404)
  }

  async function answerModelCall(endpoint, request, response) {
    const number = ++tally.requests
    tally.byEndpoint[endpoint.name]++
    tally.inFlight++
    // All of a request's chances are drawn from its number, so that parallel requests cannot swap theirs.
    const random = seededRandom(`${seed} request ${number}`)
    const chances = { latency: random(), error: random(), rateLimit: random() }
    const gone = new AbortController()
    response.once('close', () => {
      tally.inFlight--
      if (!response.writableFinished) {
        tally.abandoned++
        gone.abort()
      }
    })

    const body = await readJson(request, maxBodyBytes)
    const question = endpoint.readQuestion(body, pathOf(request))
    const { errorBody } = endpoint
    if (chances.rateLimit < settings.rateLimitRate) {
      tally.rateLimited++
      response.setHeader('retry-after', String(settings.retryAfterSeconds))
      const message = `Rate limit reached; try again in ${settings.retryAfterSeconds} s`
      return sendError(response, { status: 429, message, errorBody })
    }
    const { latencyMs, latencyJitter, errorStatus } = settings
    const totalMs = latencyMs * (1 + latencyJitter * (2 * chances.latency - 1))
    if (chances.error < settings.errorRate) {
      await sleep(totalMs, undefined, { signal: gone.signal })
      tally.errors++
      return sendError(response, {
        status: errorStatus,
        message: 'The model failed, as it was told to',
        errorBody,
      })
    }

    const shares = Object.fromEntries(endpoint.tells.map((kind) => [kind, settings[`${kind}Share`]]))
    const reply = makeReply(question, { seed, shares })
    const answer = { question, reply, body, id: `${seed}_${number}`, nowMs: now() }
    if (question.stream) {
      const events = [...endpoint.streamAnswer(answer)]
      await sendStream(response, { events, totalMs, signal: gone.signal })
      tally.streamed++
    } else {
      await sleep(totalMs, undefined, { signal: gone.signal })
      sendJson(response, 200, endpoint.wholeAnswer(answer))
    }
    // Only what was delivered is counted: these totals are compared with what the agents report.
    tally.answered++
    if (reply.toolCall) tally.toolCalls++
    const finish = endpoint.finishReason(reply)
    if (finish !== undefined) tally.finishReasons[finish] = (tally.finishReasons[finish] ?? 0) + 1
    const { model } = question
    if (!Object.hasOwn(tally.byModel, model) && Object.keys(tally.byModel).length < maxModels) {
      tally.byModel[model] = { answered: 0, ...noTokens }
    }
    const ofModel = Object.hasOwn(tally.byModel, model) ? tally.byModel[model] : { ...noTokens }
    ofModel.answered++
    for (const [kind, count] of Object.entries(reply.usage)) {
      tally[kind] += count
      ofModel[kind] += count
    }
  }

  function control(changes) {
    settings = changeSettings(settings, changes)
    return { ...settings }
  }
  const counts = () => structuredClone(tally)

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const actualPort = server.address().port

  return {
    url: `http://127.0.0.1:${actualPort}`,
    port: actualPort,
    control,
    counts,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const pathOf = (request) => request.url.split('?', 1)[0]

function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function sendError(response, { status, message, errorBody = openAiErrorBody }) {
  if (response.headersSent || response.destroyed) return response.destroy()
  // Nothing more of a body that is too long is read, so the connection cannot be used again.
  if (status === 413) response.setHeader('connection', 'close')
  sendJson(response, status, errorBody({ status, message }))
}

/** Server-sent events: the first token after a while, the others evenly over the rest of the time. */
async function sendStream(response, { events, totalMs, signal }) {
  const tokens = Math.max(1, events.filter((event) => event.paced).length - 1)
  let waitMs = totalMs * firstTokenShare
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
  for (const { event, data, paced } of events) {
    if (paced) {
      await sleep(waitMs, undefined, { signal })
      waitMs = (totalMs * (1 - firstTokenShare)) / tokens
    }
    const name = event === undefined ? '' : `event: ${event}\n`
    response.write(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  }
  response.end()
}

import { afterEach, describe, expect, test } from 'vitest'
import { type FakeModelServerOptions, startFakeModelServer } from './fake-model-server.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.()
})

async function startQuickModel(options: FakeModelServerOptions = {}) {
  const model = await startFakeModelServer({ latencyMs: 1, ...options })
  closing.push(model.close)
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(model.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { model, post }
}

const hello = { model: 'any', max_tokens: 500, messages: [{ role: 'user', content: 'heat pumps' }] }

/** The `data:` of each event of a finished stream. */
async function readEvents(response: Response) {
  const text = await response.text()
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) =>
    data === '[DONE]' ? data : JSON.parse(data!),
  )
}

test('a stream says the same as the whole answer, and its usage when asked', async () => {
  const { model, post } = await startQuickModel()
  const whole = await (await post('/v1/chat/completions', hello)).json()
  const events = await readEvents(
    await post('/v1/chat/completions', { ...hello, stream: true, stream_options: { include_usage: true } }),
  )

  expect(events.at(-1)).toBe('[DONE]')
  const chunks = events.slice(0, -1)
  const said = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
  expect(said).toBe(whole.choices[0].message.content)
  expect(chunks.at(-1).usage).toEqual(whole.usage)
  expect(model.counts().outputTokens).toBe(2 * whole.usage.completion_tokens)
})

test('Anthropic messages: a tool call, its result, and a streamed answer', async () => {
  const { post } = await startQuickModel({ cachedShare: 0.5 })
  const input_schema = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }
  const tools = [{ name: 'Read', input_schema }]
  const first = await (await post('/v1/messages', { ...hello, tools })).json()
  expect(first).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'Read', input: { path: 'docs/heat-pumps.md' } }],
  })
  const counted = await (await post('/v1/messages/count_tokens', { ...hello, tools })).json()
  expect(first.usage.input_tokens + first.usage.cache_read_input_tokens).toBe(counted.input_tokens)

  const messages = [
    ...hello.messages,
    { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[0].id, content: 'text' }] },
  ]
  const events = await readEvents(await post('/v1/messages', { ...hello, tools, messages, stream: true }))
  const said = events.map((event) => event.delta?.text ?? '').join('')
  expect(said).toContain('About "heat pumps"')
  expect(events.at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'end_turn' } })
  expect(events.at(-2).usage.output_tokens).toBe(Math.ceil(said.length / 4))
})

test('errors and rate limits start and stop while it runs', async () => {
  const { model, post } = await startQuickModel()
  const control = (settings: object) => post('/control', settings)

  await control({ errorRate: 1, errorStatus: 503 })
  const failed = await post('/v1/responses', { model: 'any', input: 'hello' })
  expect([failed.status, (await failed.json()).error.type]).toEqual([503, 'server_error'])

  await control({ errorRate: 0, rateLimitRate: 1, retryAfterSeconds: 7 })
  const limited = await post('/v1/messages', hello)
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
  expect((await limited.json()).error.type).toBe('rate_limit_error')

  const answer = await (await control({ rateLimitRate: 0 })).json()
  expect(answer).toMatchObject({ settings: { rateLimitRate: 0 }, counts: { errors: 1, rateLimited: 1 } })
  expect((await post('/v1/messages', hello)).status).toBe(200)
  expect(model.counts()).toMatchObject({ requests: 3, answered: 1, inFlight: 0 })
})

test('the same seed has the same failures and answers', async () => {
  const runs = []
  for (const seed of ['a', 'a', 'b']) {
    const { post } = await startQuickModel({ seed, errorRate: 0.5 })
    const outcomes = []
    for (let i = 0; i < 12; i++) {
      const body = await (await post('/v1/chat/completions', hello)).json()
      outcomes.push(body.error ? 'error' : body.choices[0].message.content)
    }
    runs.push(outcomes)
  }
  expect(runs[0]).toEqual(runs[1])
  expect(runs[0]).not.toEqual(runs[2])
})

test('an answer takes as long as it is told, and a client that leaves is counted', async () => {
  const { model } = await startQuickModel({ latencyMs: 600_000 })
  const leaving = new AbortController()
  const call = fetch(`${model.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...hello, stream: true }),
    signal: leaving.signal,
  })
  const response = await call
  expect(model.counts()).toMatchObject({ inFlight: 1, answered: 0 })
  leaving.abort()
  await expect(response.text()).rejects.toThrow()
  await expect.poll(() => model.counts()).toMatchObject({ inFlight: 0, answered: 0, abandoned: 1 })
})

describe('what it does not understand', () => {
  const mistakes: [string, string, unknown, number, string][] = [
    ['text that is not JSON', '/v1/chat/completions', '{', 400, 'the body is not JSON'],
    ['no messages', '/v1/chat/completions', { model: 'any' }, 400, '"messages" must be a list'],
    ['no model', '/v1/responses', { input: 'hello' }, 400, '"model" must name a model'],
    ['no max_tokens', '/v1/messages', { ...hello, max_tokens: undefined }, 400, '"max_tokens" is required'],
    [
      'tools that are no list',
      '/v1/responses',
      { model: 'a', input: 'a', tools: {} },
      400,
      '"tools" must be a list',
    ],
    ['a long body', '/v1/messages', { ...hello, system: 'x'.repeat(2000) }, 413, 'longer than 1000 bytes'],
    ['an unknown path', '/v1/rerank', {}, 404, 'POST /v1/chat/completions'],
    ['an unknown setting', '/control', { latency: 5 }, 400, '"latency" is not a setting'],
    [
      'a setting out of bounds',
      '/control',
      { errorRate: 50 },
      400,
      '"errorRate" must be a number from 0 to 1',
    ],
  ]
  for (const [name, path, body, status, message] of mistakes) {
    test(`${name}: ${status}`, async () => {
      const { model, post } = await startQuickModel({ maxBodyBytes: 1000 })
      const response = await post(path, body)
      expect(response.status).toBe(status)
      expect((await response.json()).error.message).toContain(message)
      expect(model.counts()).toMatchObject({ refused: 1, inFlight: 0 })
    })
  }

  test('a body that is not declared as JSON, as any web page could send it: 415', async () => {
    const { post } = await startQuickModel()
    const response = await post('/control', { errorRate: 1 }, { 'content-type': 'text/plain' })
    expect(response.status).toBe(415)
  })
})

test('Google: the path names the model; a stream ends with the usage of the whole answer', async () => {
  const { model, post } = await startQuickModel()
  const body = { contents: [{ role: 'user', parts: [{ text: 'heat pumps' }] }] }
  const whole = await (await post('/v1beta/models/gemini-2.5-flash:generateContent', body)).json()
  expect(whole.modelVersion).toBe('gemini-2.5-flash')
  const events = await readEvents(
    await post('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', body),
  )
  const said = events.map((event) => event.candidates[0].content.parts[0].text).join('')
  expect(said).toBe(whole.candidates[0].content.parts[0].text)
  expect(events.at(-1).usageMetadata).toEqual(whole.usageMetadata)
  expect(model.counts().byEndpoint['google-generate-content']).toBe(2)
})

test('embeddings: one vector a text, and input tokens only', async () => {
  const { model, post } = await startQuickModel()
  const answer = await (await post('/v1/embeddings', { model: 'any', input: ['heat', 'pumps'] })).json()
  expect(answer.data).toHaveLength(2)
  expect(answer.usage.prompt_tokens).toBe(model.counts().inputTokens)
  expect(model.counts().outputTokens).toBe(0)
})

import { beforeAll, describe, expect, test } from 'vitest'
import { buildProbe } from '../testing/run-agent.ts'
import { expectSameCalls } from '../testing/same-calls.ts'
import { countOf, sumOf, watchAiAgent } from '../testing/watch-ai-agent.ts'

beforeAll(buildProbe, 30_000)

const operations = 'gen_ai.client.operation.duration'

/** What the agents below share; `ask` is what each of them makes of it. */
const questions = `
const url = process.env.MODEL_URL
const headers = { 'content-type': 'application/json' }
const messages = [{ role: 'user', content: 'a secret, and "model":"wrong"' }]
const chat = { messages, model: 'gpt-5-mini' }
const told = { ...chat, stream: true, stream_options: { include_usage: true } }
const claude = { model: 'claude-sonnet-4-5-20250929', max_tokens: 500, messages }
const gemini = { contents: [{ role: 'user', parts: [{ text: 'a secret' }] }] }
const all = [
  ['/v1/chat/completions', chat],
  ['/v1/chat/completions', told],
  ['/v1/responses', { model: 'gpt-5', input: 'a secret' }],
  ['/v1/responses', { model: 'gpt-5', input: 'a secret', stream: true }],
  ['/v1/embeddings', { model: 'text-embedding-3-small', input: ['a secret', 'another'] }],
  ['/v1/messages', claude],
  ['/v1/messages', { ...claude, stream: true }],
  ['/v1beta/models/gemini-2.5-flash:generateContent', gemini],
  ['/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', gemini],
]
`
const post = `(path, body) => fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })`

const readers = {
  text: '(response) => response.text()',
  json: "async (response) => response.headers.get('content-type').includes('json') ? response.json() : response.text()",
  'a clone': '(response) => response.clone().arrayBuffer()',
  blob: '(response) => response.blob()',
  reader: `async (response) => {
    const reader = response.body.getReader()
    for (;;) if ((await reader.read()).done) return
  }`,
  iteration: 'async (response) => { for await (const chunk of response.body) void chunk }',
  pipeThrough: `async (response) => {
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) void text
  }`,
  pipeTo: '(response) => response.body.pipeTo(new WritableStream({}))',
  tee: `async (response) => {
    const [one, other] = response.body.tee()
    await Promise.all([new Response(one).text(), new Response(other).text()])
  }`,
  'node:stream': `async (response) => {
    for await (const chunk of stream.Readable.fromWeb(response.body)) void chunk
  }`,
}

const agents = [
  ...Object.entries(readers).map(([title, read]) => ({
    title: `fetch, read by ${title}`,
    ask: `const post = ${post}
          const read = ${read}
          for (const [path, body] of all) await read(await post(path, body))`,
  })),
  {
    title: 'Request objects',
    ask: `
      for (const [path, body] of all) {
        const request = new Request(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
        const response = await fetch(request)
        await response.text()
        // Used up by the call, as without us.
        if (!request.bodyUsed) throw new Error('unused')
      }`,
  },
  {
    title: 'node:http',
    ask: `
      const post = (path, body) => new Promise((resolve, reject) => {
        const request = http.request(url + path, { method: 'POST', headers }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk) => { text += chunk }).on('end', () => resolve(text))
        })
        request.on('error', reject)
        const text = JSON.stringify(body)
        request.write(text.slice(0, 20))
        request.end(Buffer.from(text.slice(20)))
      })
      for (const [path, body] of all) await post(path, body)`,
  },
]

describe.each(agents)('an agent that uses $title', ({ ask }) => {
  test('is told exactly what the model server counted, and nothing of what was said', async () => {
    const source = `import http from 'node:http'\nimport stream from 'node:stream'\n${questions}${ask}`
    const end = await watchAiAgent({ source })
    const { report, reports, counts, code, stderr } = end
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(counts).toMatchObject({ requests: 9, answered: 9, streamed: 4 })
    expectSameCalls(end)
    expect(countOf(report, operations)).toBe(9)
    expect(countOf(report, 'perfmon.gen_ai.client.unknown')).toBe(0)
    const byModel = Object.fromEntries(
      report.metrics
        .get(operations)!
        .points.map(({ attributes, value }) => [
          ['gen_ai.provider.name', 'gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.response.model']
            .map((name) => attributes[name])
            .join(' '),
          value,
        ]),
    )
    expect(byModel).toEqual({
      'openai chat gpt-5-mini gpt-5-mini': 2,
      'openai chat gpt-5 gpt-5': 2,
      'openai embeddings text-embedding-3-small text-embedding-3-small': 1,
      'anthropic chat claude-sonnet-4-5-20250929 claude-sonnet-4-5-20250929': 2,
      'gcp.gemini generate_content gemini-2.5-flash gemini-2.5-flash': 2,
    })
    const finishes = report.metrics.get('perfmon.gen_ai.client.finish')!.points
    expect(
      finishes.map(({ attributes, value }) => [attributes['perfmon.gen_ai.finish_reason'], value]),
    ).toEqual([
      ['stop', 2],
      ['completed', 2],
      ['end_turn', 2],
      ['STOP', 2],
    ])
    expect(sumOf(report, operations)).toBeGreaterThan(0)
    expect(countOf(report, 'perfmon.gen_ai.client.cost')).toBeGreaterThan(0)
    for (const each of reports) expect(each.body.toString()).not.toContain('secret')
  })
})

test('a Request whose body is a stream is sent as it comes; one that was read before is refused as without us', async () => {
  const source = `${questions}
    const pieces = new ReadableStream({
      async start(controller) {
        const text = JSON.stringify(chat)
        for (const piece of [text.slice(0, 9), text.slice(9)]) {
          controller.enqueue(new TextEncoder().encode(piece))
          await new Promise(setImmediate)
        }
        controller.close()
      },
    })
    const to = url + '/v1/chat/completions'
    await (await fetch(new Request(to, { method: 'POST', headers, body: pieces, duplex: 'half' }))).text()
    const used = new Request(to, { method: 'POST', headers, body: '{}' })
    await used.text()
    await fetch(used).catch((error) => console.log(error.name))
    const { messages: _, ...unsaid } = chat
    const form = new Request(url + '/forms/7/responses', { method: 'POST', body: JSON.stringify({ answers: [unsaid] }) })
    await (await fetch(form)).text()`
  const end = await watchAiAgent({ source })
  expect(end.stdout).toBe('TypeError\n')
  expectSameCalls({ ...end, counts: { ...end.counts, requests: 1, refused: 0 } }, { beside: 1 })
  expect(countOf(end.report, operations, { 'gen_ai.request.model': 'gpt-5-mini' })).toBe(1)
})

test('what is no call to a model is none, whatever its path', async () => {
  const source = `${questions}
    const post = ${post}
    await (await post('/v1/messages/count_tokens', claude)).text()
    await (await post('/chat/messages', { text: 'hello' })).text()
    await (await post('/forms/7/responses', { answers: [{ model: 'T' }] })).text()
    await (await fetch(url + '/v1/responses')).text()`
  const { report, code } = await watchAiAgent({ source })
  expect(code).toBe(0)
  expect([...report.metrics.keys()].filter((name) => /gen_ai/.test(name))).toEqual([])
})

test('failures: each is an attempt; repeats are one operation; what nobody repeats has failed', async () => {
  const source = `${questions}
    const post = ${post}
    // Twelve questions, each asked until it is answered or for the third time.
    await Promise.all(Array.from({ length: 12 }, async (_, number) => {
      for (let attempt = 0; attempt < 3; attempt++) {
        const response = await post('/v1/chat/completions', { ...chat, user: String(number % 5) })
        await response.text()
        if (response.ok) return console.log('answered')
      }
      console.log('failed')
    }))
    await fetch('http://127.0.0.1:2/v1/chat/completions', { method: 'POST', body: JSON.stringify(chat) })
      .catch((error) => console.log('thrown', error.message))`
  const end = await watchAiAgent({ source, model: { errorRate: 0.4, rateLimitRate: 0.2, seed: 3 } })
  const { report, stdout } = end
  const said = (word: string) => stdout.split('\n').filter((line) => line.startsWith(word)).length
  expect(said('thrown fetch failed')).toBe(1)
  expect(said('failed')).toBeGreaterThan(0)
  const refused = countOf(report, 'perfmon.gen_ai.client.attempt', { 'error.type': 'ECONNREFUSED' })
  expect(refused).toBe(1)
  expectSameCalls(end, { beside: 1 })
  expect(countOf(report, operations)).toBe(13)
  const failed = report.metrics.get(operations)!.points.filter((point) => point.attributes['error.type'])
  expect(failed.reduce((total, { value }) => total + value, 0)).toBe(said('failed') + 1)
})

test('a stream that the agent leaves is cancelled, unless all was said', async () => {
  const source = `${questions}
    const post = ${post}
    for await (const chunk of (await post('/v1/chat/completions', told)).body) break
    const aborted = new AbortController()
    const response = await fetch(url + '/v1/chat/completions', {
      method: 'POST', headers, body: JSON.stringify(told), signal: aborted.signal })
    let text = ''
    for await (const chunk of response.body) {
      text += Buffer.from(chunk)
      if (text.includes('[DONE]')) break
    }
    aborted.abort()`
  const { report } = await watchAiAgent({ source, model: { latencyMs: 200 } })
  expect(countOf(report, 'perfmon.gen_ai.client.attempt', { 'perfmon.outcome': 'cancelled' })).toBe(1)
  expect(countOf(report, 'perfmon.gen_ai.client.attempt', { 'perfmon.outcome': 'ok' })).toBe(1)
  expect(countOf(report, operations)).toBe(2)
  expect(
    countOf(report, 'perfmon.gen_ai.client.finish', { 'perfmon.gen_ai.finish_reason': 'cancelled' }),
  ).toBe(1)
})

test('an unknown model and an untold usage have no cost, and are counted as such', async () => {
  const source = `${questions}
    const post = ${post}
    await (await post('/v1/chat/completions', { ...chat, model: 'home-made' })).text()
    await (await post('/v1/chat/completions', { ...chat, stream: true })).text()`
  const { report } = await watchAiAgent({ source })
  expect(countOf(report, 'perfmon.gen_ai.client.unknown', { 'perfmon.unknown': 'price' })).toBe(1)
  expect(countOf(report, 'perfmon.gen_ai.client.unknown', { 'perfmon.unknown': 'usage' })).toBe(1)
  expect(report.metrics.has('perfmon.gen_ai.client.cost')).toBe(false)
})

test.each([{ PERFMON_AI: 'off' }, { PERFMON_LEVEL: 'minimal' }])('%o: fetch is untouched', async (env) => {
  const source = `${questions}
    const post = ${post}
    await (await post('/v1/chat/completions', chat)).text()
    console.log(Function.prototype.toString.call(fetch).includes('native') || fetch.name, Symbol.for('openai.agents.core.traceProvider') in globalThis)`
  const { report, stdout } = await watchAiAgent({ source, env })
  expect(stdout).toContain('false')
  expect([...report.metrics.keys()].filter((name) => /gen_ai/.test(name))).toEqual([])
  expect(countOf(report, 'http.client.request.duration')).toBe(1)
})

test('a request that nobody handles still ends the agent, as it would without us', async () => {
  const { code, stderr } = await watchAiAgent({
    source: `fetch('http://127.0.0.1:2/v1/chat/completions', { method: 'POST', body: '{"model":"x"}' })`,
  })
  expect(code).toBe(1)
  expect(stderr).toContain('fetch failed')
})

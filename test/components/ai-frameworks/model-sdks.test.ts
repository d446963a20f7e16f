import { beforeAll, describe, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const packages = await obtainPackages({
  '@anthropic-ai/sdk': '1.11.0',
  '@google/genai': '3.1.0',
  axios: '1.21.1',
  openai: '7.55.0',
  undici: '8.12.4',
})
beforeAll(buildProbe)

const operations = 'gen_ai.client.operation.duration'

const sdks = [
  {
    name: 'openai',
    provider: 'openai',
    source: `
      import OpenAI from 'openai'
      const client = new OpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
      const chat = { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'a secret' }] }
      await client.chat.completions.create(chat)
      const told = { ...chat, stream: true, stream_options: { include_usage: true } }
      for await (const chunk of await client.chat.completions.create(told)) void chunk
      await client.responses.create({ model: 'gpt-5-mini', input: 'a secret' })
      for await (const event of await client.responses.create({ model: 'gpt-5-mini', input: 'a secret', stream: true })) void event
      await client.embeddings.create({ model: 'text-embedding-3-small', input: 'a secret' })`,
    calls: 5,
    streamed: 2,
  },
  {
    name: '@anthropic-ai/sdk',
    provider: 'anthropic',
    source: `
      import Anthropic from '@anthropic-ai/sdk'
      const client = new Anthropic({ apiKey: 'any', baseURL: process.env.MODEL_URL })
      const ask = { model: 'claude-sonnet-4-5', max_tokens: 400, messages: [{ role: 'user', content: 'a secret' }] }
      await client.messages.create(ask)
      for await (const event of await client.messages.create({ ...ask, stream: true })) void event
      await client.messages.stream(ask).finalMessage()`,
    calls: 3,
    streamed: 2,
  },
  {
    name: '@google/genai',
    provider: 'gcp.gemini',
    source: `
      import { GoogleGenAI } from '@google/genai'
      const { models } = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: process.env.MODEL_URL } })
      const ask = { model: 'gemini-2.5-flash', contents: 'a secret' }
      await models.generateContent(ask)
      for await (const chunk of await models.generateContentStream(ask)) void chunk`,
    calls: 2,
    streamed: 1,
  },
  {
    name: 'axios',
    provider: 'openai',
    source: `
      import axios from 'axios'
      const chat = { model: 'gpt-5', messages: [{ role: 'user', content: 'a secret' }] }
      const url = process.env.MODEL_URL + '/v1/chat/completions'
      await axios.post(url, chat)
      const told = { ...chat, stream: true, stream_options: { include_usage: true } }
      const { data } = await axios.post(url, told, { responseType: 'stream' })
      for await (const chunk of data) void chunk`,
    calls: 2,
    streamed: 1,
  },
  {
    name: 'the installed undici',
    provider: 'openai',
    source: `
      import { Agent, Client, fetch, interceptors, pipeline, request, Request, stream } from 'undici'
      import { Readable, Writable } from 'node:stream'
      const chat = { model: 'gpt-5', messages: [{ role: 'user', content: 'a secret' }] }
      const told = { ...chat, stream: true, stream_options: { include_usage: true } }
      const url = process.env.MODEL_URL + '/v1/chat/completions'
      const post = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      await (await fetch(url, post(chat))).json()
      await (await fetch(new Request(url, post(chat)))).json()
      await (await request(url, post(chat))).body.json()
      for await (const chunk of (await request(url, post(told))).body) void chunk
      // A body that is sent in pieces.
      const text = JSON.stringify(chat)
      const pieces = Readable.from([Buffer.from(text.slice(0, 9)), Buffer.from(text.slice(9))])
      await (await request(url, { ...post(chat), body: pieces })).body.text()
      await stream(url, post(told), () => new Writable({ write: (chunk, encoding, done) => done() }))
      const client = new Client(process.env.MODEL_URL)
      await (await client.request({ path: '/v1/chat/completions', ...post(chat) })).body.dump()
      await client.close()
      const dispatcher = new Agent().compose(interceptors.retry())
      await (await request(url, { ...post(chat), dispatcher })).body.text()`,
    calls: 8,
    streamed: 2,
  },
]

describe.each(sdks)('$name, unmodified', ({ source, provider, calls, streamed }) => {
  test('is told exactly what the model server counted', async (context) => {
    const { report, counts } = await watchFramework(context, packages, { source })
    expect(counts).toMatchObject({ requests: calls, streamed })
    expect(countOf(report, operations, { 'gen_ai.provider.name': provider })).toBe(calls)
    for (const { attributes } of report.metrics.get(operations)!.points) {
      expect(attributes).toMatchObject({ 'gen_ai.request.model': attributes['gen_ai.response.model'] })
    }
  })
})

test('the repeats that the openai SDK makes in silence are attempts, not operations', async (context) => {
  const source = `
    import OpenAI from 'openai'
    const client = new OpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1', maxRetries: 2 })
    await Promise.all(Array.from({ length: 20 }, (_, number) => client.chat.completions
      .create({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'a secret ' + number % 6 }] })
      .then(() => console.log('answered'), () => console.log('failed'))))`
  const { report, counts, stdout } = await watchFramework(context, packages, {
    source,
    model: { errorRate: 0.3, rateLimitRate: 0.1, retryAfterSeconds: 0, seed: 5 },
  })
  expect(counts.requests).toBeGreaterThan(20)
  const failed = stdout.split('\n').filter((line) => line === 'failed').length
  expect(countOf(report, operations)).toBe(20)
  const failures = report.metrics.get(operations)!.points.filter((point) => point.attributes['error.type'])
  expect(failures.reduce((total, { value }) => total + value, 0)).toBe(failed)
})

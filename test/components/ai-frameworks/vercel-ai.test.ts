import { beforeAll, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { callsByAgent, countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const packages = await obtainPackages({ '@ai-sdk/openai': '4.0.118', ai: '7.0.173', zod: '4.6.7' })
beforeAll(buildProbe)

const source = `
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, stepCountIs, streamText, tool } from 'ai'
import { z } from 'zod'
const openai = createOpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
const inputSchema = z.object({ query: z.string() })
const search = tool({ description: 'Finds', inputSchema, execute: async () => 'a secret' })
const broken = tool({ description: 'Breaks', inputSchema, execute: async () => { throw new TypeError('no') } })
const ask = { model: openai('gpt-5-mini'), prompt: 'a secret', stopWhen: stepCountIs(4) }
await generateText({ ...ask, tools: { search }, telemetry: { functionId: 'researcher' } })
await generateText({ ...ask, tools: { broken } })
const { textStream } = streamText({ ...ask, model: openai.chat('gpt-5-mini'), telemetry: { functionId: 'writer' } })
for await (const text of textStream) void text
await generateText({ ...ask, telemetry: { isEnabled: false } })`

test('the AI SDK, unmodified: its runs and tools by name, its model calls once', async (context) => {
  const { report, counts } = await watchFramework(context, packages, { source })
  expect(counts).toMatchObject({ requests: 6, toolCalls: 2, streamed: 1 })
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(counts.requests)
  const agents = 'gen_ai.invoke_agent.duration'
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'researcher' })).toBe(1)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'generateText' })).toBe(1)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'writer' })).toBe(1)
  // Of runs that name no agent, and of one that wants no telemetry, nobody knows whose they are.
  expect(callsByAgent(report)).toEqual({ researcher: 2, writer: 1, '': 3 })
  const tools = 'gen_ai.execute_tool.duration'
  expect(countOf(report, tools)).toBe(counts.toolCalls)
  expect(countOf(report, tools, { 'gen_ai.tool.name': 'search', 'gen_ai.agent.name': 'researcher' })).toBe(1)
  expect(countOf(report, tools, { 'gen_ai.tool.name': 'broken', 'error.type': 'TypeError' })).toBe(1)
})

test('the repeats of the AI SDK are attempts, not operations', async (context) => {
  const { report, counts, stdout } = await watchFramework(context, packages, {
    source: `
      import { createOpenAI } from '@ai-sdk/openai'
      import { generateText } from 'ai'
      const openai = createOpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
      await Promise.all(Array.from({ length: 6 }, (_, number) => generateText({
        model: openai('gpt-5-mini'), prompt: 'a secret ' + number, maxRetries: 2,
      }).then(() => console.log('answered'), () => console.log('failed'))))`,
    model: { errorRate: 0.4, seed: 2 },
  })
  expect(counts.errors).toBeGreaterThan(0)
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(6)
  const failed = stdout.split('\n').filter((line) => line === 'failed').length
  expect(countOf(report, 'gen_ai.client.operation.duration', { 'error.type': '500' })).toBe(failed)
})

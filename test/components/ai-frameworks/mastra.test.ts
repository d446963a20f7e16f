import { beforeAll, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { callsByAgent, countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const packages = await obtainPackages({ '@ai-sdk/openai': '4.0.118', '@mastra/core': '1.71.0', zod: '4.6.7' })
beforeAll(buildProbe)

const start = `
import { createOpenAI } from '@ai-sdk/openai'
import { Agent } from '@mastra/core/agent'
import { createTool } from '@mastra/core/tools'
import { z } from 'zod'
const openai = createOpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
const inputSchema = z.object({ query: z.string() })
const search = createTool({ id: 'search', description: 'Finds', inputSchema, execute: async () => ({ text: 'a secret' }) })
const broken = createTool({ id: 'broken', description: 'Breaks', inputSchema, execute: async () => { throw new TypeError('no') } })
const agent = (name, tools) =>
  new Agent({ id: name, name, instructions: 'Be brief', model: openai('gpt-5-mini'), tools })`
const env = { MASTRA_TELEMETRY_DISABLED: '1' }

test('Mastra, unmodified: its agents by name, its model calls once', async (context) => {
  const source = `${start}
    const writer = agent('writer', {})
    await writer.generate('a secret')
    await (await writer.stream('a secret')).text
    await agent('finder', { search }).generate('a secret')
    await agent('clumsy', { broken }).generate('a secret')`
  const { report, counts } = await watchFramework(context, packages, { source, env })
  expect(counts).toMatchObject({ requests: 6, toolCalls: 2, streamed: 1 })
  expect(callsByAgent(report)).toEqual({ writer: 2, finder: 2, clumsy: 2 })
  const agents = 'gen_ai.invoke_agent.duration'
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'writer' })).toBe(2)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'finder' })).toBe(1)
  expect(countOf(report, agents, { 'gen_ai.agent.name': 'clumsy' })).toBe(1)
  const tools = 'gen_ai.execute_tool.duration'
  expect(countOf(report, tools)).toBe(counts.toolCalls)
  expect(countOf(report, tools, { 'gen_ai.tool.name': 'search', 'gen_ai.agent.name': 'finder' })).toBe(1)
  expect(countOf(report, tools, { 'gen_ai.tool.name': 'broken', 'error.type': 'TypeError' })).toBe(1)
})

test('Mastra repeats what failed: attempts, not operations; who fails for good has failed', async (context) => {
  const source = `${start}
    const writer = agent('writer', {})
    await Promise.all(Array.from({ length: 6 }, (_, number) => writer.generate('a secret ' + number)
      .then(() => console.log('answered'), () => console.log('failed'))))`
  const { report, stdout } = await watchFramework(context, packages, {
    source,
    env,
    model: { errorRate: 0.4, seed: 2 },
  })
  const failed = stdout.split('\n').filter((line) => line === 'failed').length
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(6)
  expect(countOf(report, 'gen_ai.client.operation.duration', { 'error.type': '500' })).toBe(failed)
  expect(countOf(report, 'gen_ai.invoke_agent.duration')).toBe(6)
})

test("Mastra's workflows by their id, and not those that its agents are made of", async (context) => {
  const source = `${start}
    const { createStep, createWorkflow } = await import('@mastra/core/workflows')
    const writer = agent('writer', {})
    const text = z.object({ text: z.string() })
    const write = createStep({ id: 'write', inputSchema: text, outputSchema: text,
      execute: async ({ inputData }) => ({ text: (await writer.generate(inputData.text)).text }) })
    const fail = createStep({ id: 'fail', inputSchema: text, outputSchema: text,
      execute: async () => { throw new TypeError('no') } })
    const flow = (id, step) => createWorkflow({ id, inputSchema: text, outputSchema: text }).then(step).commit()
    const run = async (workflow) => (await (await workflow.createRun()).start({ inputData: { text: 'a secret' } })).status
    console.log(await run(flow('article', write)), await run(flow('broken', fail)))`
  const { report, stdout } = await watchFramework(context, packages, { source, env })
  expect(stdout).toContain('success failed')
  const workflows = 'gen_ai.workflow.duration'
  expect(countOf(report, workflows)).toBe(2)
  expect(countOf(report, workflows, { 'gen_ai.workflow.name': 'article' })).toBe(1)
  expect(countOf(report, workflows, { 'gen_ai.workflow.name': 'broken', 'error.type': 'TypeError' })).toBe(1)
  expect(callsByAgent(report)).toEqual({ writer: 1 })
})

import { beforeAll, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { callsByAgent, countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const packages = await obtainPackages({
  '@langchain/core': '1.2.13',
  '@langchain/langgraph': '1.4.17',
  '@langchain/openai': '1.6.0',
  zod: '4.6.7',
})
beforeAll(buildProbe)

const body = `
const parameters = { description: 'd', schema: z.object({ query: z.string() }) }
const search = tool(async () => 'a secret', { ...parameters, name: 'search' })
const broken = tool(async () => { throw new TypeError('no') }, { ...parameters, name: 'broken' })
const research = (name, used) => {
  const model = new ChatOpenAI({
    model: 'gpt-4o-mini', apiKey: 'any', configuration: { baseURL: process.env.MODEL_URL + '/v1' },
  }).bindTools([used])
  return new StateGraph(MessagesAnnotation)
    .addNode('planner', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode('tools', new ToolNode([used]))
    .addEdge(START, 'planner')
    .addConditionalEdges('planner', ({ messages }) => (messages.at(-1).tool_calls?.length ? 'tools' : END))
    .addEdge('tools', 'planner')
    .compile({ name })
}
const ask = { messages: [{ role: 'user', content: 'a secret' }] }
const main = async () => {
  await research('research', search).invoke(ask)
  await research('clumsy', broken).invoke(ask)
  for await (const part of await research('research', search).stream(ask)) void part
}
main()`

const programs = [
  {
    file: 'agent.mjs',
    source: `
      import { ChatOpenAI } from '@langchain/openai'
      import { StateGraph, MessagesAnnotation, START, END } from '@langchain/langgraph'
      import { ToolNode } from '@langchain/langgraph/prebuilt'
      import { tool } from '@langchain/core/tools'
      import { z } from 'zod'${body}`,
  },
  {
    file: 'agent.cjs',
    source: `
      const { ChatOpenAI } = require('@langchain/openai')
      const { StateGraph, MessagesAnnotation, START, END } = require('@langchain/langgraph')
      const { ToolNode } = require('@langchain/langgraph/prebuilt')
      const { tool } = require('@langchain/core/tools')
      const { z } = require('zod')${body}`,
  },
]

for (const program of programs) {
  test(`LangGraph in ${program.file}: graphs, nodes and tools by name, model calls once`, async (context) => {
    const { report, counts } = await watchFramework(context, packages, program)
    expect(counts).toMatchObject({ requests: 6, toolCalls: 3 })
    expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(counts.requests)
    expect(countOf(report, 'gen_ai.execute_tool.duration')).toBe(counts.toolCalls)
    expect(callsByAgent(report)).toEqual({ planner: 6 })
    const workflows = 'gen_ai.workflow.duration'
    expect(countOf(report, workflows, { 'gen_ai.workflow.name': 'research' })).toBe(2)
    expect(countOf(report, workflows, { 'gen_ai.workflow.name': 'clumsy' })).toBe(1)
    const agents = 'gen_ai.invoke_agent.duration'
    expect(countOf(report, agents, { 'gen_ai.agent.name': 'planner' })).toBe(6)
    expect(countOf(report, agents, { 'gen_ai.agent.name': 'tools' })).toBe(3)
    const tools = 'gen_ai.execute_tool.duration'
    expect(countOf(report, tools, { 'gen_ai.tool.name': 'search' })).toBe(2)
    expect(countOf(report, tools, { 'gen_ai.tool.name': 'broken', 'error.type': 'TypeError' })).toBe(1)
  })
}

test('LangChain repeats what failed: attempts, not operations; a graph that fails has failed', async (context) => {
  const source = `
    import { ChatOpenAI } from '@langchain/openai'
    import { StateGraph, MessagesAnnotation, START, END } from '@langchain/langgraph'
    const model = new ChatOpenAI({
      model: 'gpt-4o-mini', apiKey: 'any', maxRetries: 1, streamUsage: true,
      configuration: { baseURL: process.env.MODEL_URL + '/v1' },
    })
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('planner', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
      .addEdge(START, 'planner').addEdge('planner', END).compile({ name: 'research' })
    const ask = (number) => graph.invoke({ messages: [{ role: 'user', content: 'a secret ' + number }] })
    await Promise.all(Array.from({ length: 8 }, (_, number) => ask(number)
      .then(() => console.log('answered'), () => console.log('failed'))))
    for await (const part of await model.stream('a secret')) void part`
  const { report, counts, stdout } = await watchFramework(context, packages, {
    source,
    model: { errorRate: 0.4, seed: 3 },
  })
  const failed = stdout.split('\n').filter((line) => line === 'failed').length
  expect(failed).toBeGreaterThan(0)
  expect(counts.streamed).toBe(1)
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(9)
  expect(countOf(report, 'gen_ai.client.operation.duration', { 'error.type': '500' })).toBe(failed)
  const workflows = report.metrics.get('gen_ai.workflow.duration')!.points
  const broken = workflows.filter(({ attributes }) => attributes['error.type'] !== undefined)
  expect(broken.reduce((total, { value }) => total + value, 0)).toBe(failed)
})

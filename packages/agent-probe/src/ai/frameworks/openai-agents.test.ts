import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildProbe } from '../../testing/run-agent.ts'
import { expectSameCalls } from '../../testing/same-calls.ts'
import { callsByAgent, countOf, watchAiAgent } from '../../testing/watch-ai-agent.ts'

beforeAll(buildProbe, 30_000)

// The demo swarm has the SDK installed.
const demo = createRequire(new URL('../../../../../examples/demo-swarm/package.json', import.meta.url))

const source = `
const { Agent, OpenAIProvider, Runner, tool } = require(${JSON.stringify(demo.resolve('@openai/agents'))})
const { z } = require(${JSON.stringify(demo.resolve('zod'))})
const parameters = z.object({ query: z.string() })
const search = tool({ name: 'search', description: 'Finds', parameters, execute: () => 'a secret' })
const broken = tool({ name: 'broken', description: 'Breaks', parameters, execute: () => { throw new Error('no') } })
const agent = (name, more) => new Agent({ name, model: 'gpt-5', instructions: 'Be brief', ...more })
const researcher = agent('researcher', { tools: [search] })
const modelProvider = new OpenAIProvider({
  apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1', useResponses: process.env.API === 'responses' })
const runner = new Runner({ modelProvider })
const main = async () => {
  await runner.run(researcher, 'a secret')
  await runner.run(agent('clumsy', { tools: [broken] }), 'a secret')
  const stream = await runner.run(agent('triage', { handoffs: [researcher] }), 'a secret', { stream: true })
  await stream.completed
}
main()`

describe.each(['responses', 'chat-completions'])('the OpenAI Agents SDK over %s', (api) => {
  test('its agents, tools and handoffs by name; its model calls once', async () => {
    // Tracing must not try to reach OpenAI: without a key of theirs the SDK skips it.
    const end = await watchAiAgent({ file: 'agent.cjs', source, env: { API: api } })
    const { report, reports, counts, code } = end
    expect(code).toBe(0)
    expectSameCalls(end)
    expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(counts.requests)
    const agents = 'gen_ai.invoke_agent.duration'
    expect(countOf(report, agents, { 'gen_ai.agent.name': 'researcher' })).toBe(2)
    expect(countOf(report, agents, { 'gen_ai.agent.name': 'clumsy' })).toBe(1)
    expect(countOf(report, agents, { 'gen_ai.agent.name': 'triage' })).toBe(1)
    // Each agent asks once for a tool or handoff and once with its result.
    expect(callsByAgent(report)).toEqual({ researcher: 3, clumsy: 2, triage: 1 })
    const tools = 'gen_ai.execute_tool.duration'
    expect(countOf(report, tools, { 'gen_ai.tool.name': 'search', 'gen_ai.agent.name': 'researcher' })).toBe(
      1,
    )
    expect(countOf(report, tools, { 'gen_ai.tool.name': 'broken', 'error.type': '_OTHER' })).toBe(1)
    expect(
      countOf(report, 'perfmon.gen_ai.agent.handoff', {
        'gen_ai.agent.name': 'triage',
        'perfmon.gen_ai.agent.handoff.to': 'researcher',
      }),
    ).toBe(1)
    for (const each of reports) expect(each.body.toString()).not.toContain('secret')
  })
})

test('the OpenAI Agents SDK repeats what failed: attempts, not operations; an agent that fails has failed', async () => {
  const repeated = `
    const { Agent, OpenAIProvider, Runner } = require(${JSON.stringify(demo.resolve('@openai/agents'))})
    const modelProvider = new OpenAIProvider({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
    const runner = new Runner({ modelProvider })
    const researcher = new Agent({ name: 'researcher', model: 'gpt-5', instructions: 'Be brief' })
    const main = () => Promise.all(Array.from({ length: 8 }, (_, number) => runner.run(researcher, 'a secret ' + number)
      .then(() => console.log('answered'), () => console.log('failed'))))
    main()`
  const end = await watchAiAgent({
    file: 'agent.cjs',
    source: repeated,
    model: { errorRate: 0.5, rateLimitRate: 0.1, retryAfterSeconds: 0, seed: 4 },
  })
  const { report, reports, counts, code, stdout } = end
  expect(code).toBe(0)
  expectSameCalls(end)
  const failed = stdout.split('\n').filter((line) => line === 'failed').length
  expect(failed).toBeGreaterThan(0)
  expect(counts.requests).toBeGreaterThan(8)
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(8)
  expect(callsByAgent(report)).toEqual({ researcher: 8 })
  expect(countOf(report, 'gen_ai.invoke_agent.duration')).toBe(8)
  expect(countOf(report, 'gen_ai.invoke_agent.duration', { 'error.type': '_OTHER' })).toBe(failed)
  for (const each of reports) expect(each.body.toString()).not.toContain('secret')
})

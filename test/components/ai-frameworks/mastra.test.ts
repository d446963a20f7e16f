import { beforeAll, expect, test } from 'vitest'
import { buildProbe } from '../../../packages/agent-probe/src/testing/run-agent.ts'
import { countOf } from '../../../packages/agent-probe/src/testing/watch-ai-agent.ts'
import { obtainPackages } from './obtain-packages.ts'
import { watchFramework } from './watch-framework.ts'

const packages = await obtainPackages({ '@ai-sdk/openai': '4.0.118', '@mastra/core': '1.71.0', zod: '4.6.7' })
beforeAll(buildProbe)

const source = `
import { createOpenAI } from '@ai-sdk/openai'
import { Agent } from '@mastra/core/agent'
const openai = createOpenAI({ apiKey: 'any', baseURL: process.env.MODEL_URL + '/v1' })
const writer = new Agent({ id: 'w', name: 'writer', instructions: 'Be brief', model: openai('gpt-5-mini') })
await writer.generate('a secret')
await (await writer.stream('a secret')).text`

test('Mastra, unmodified: its agents by name, its model calls once', async (context) => {
  const { report, counts } = await watchFramework(context, packages, {
    source,
    env: { MASTRA_TELEMETRY_DISABLED: '1' },
  })
  expect(counts.requests).toBe(2)
  expect(countOf(report, 'gen_ai.client.operation.duration')).toBe(2)
  expect(countOf(report, 'gen_ai.invoke_agent.duration', { 'gen_ai.agent.name': 'writer' })).toBe(2)
})

import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import { startFakeModelServer } from '@perfmon/fake-model-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

describe('the OpenAI Agents SDK, unmodified', () => {
  for (const useResponses of [true, false]) {
    for (const stream of [true, false]) {
      const api = useResponses ? 'Responses' : 'Chat Completions'
      test(`uses its tool and answers over ${api}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const model = await startFakeModelServer({ latencyMs: 1 })
        onTestFinished(model.close)
        const queries: string[] = []
        const search = tool({
          name: 'search',
          description: 'Finds sources',
          parameters: z.object({ query: z.string(), limit: z.number().int().min(1) }),
          execute: ({ query, limit }) => {
            queries.push(query)
            return `${limit} source about ${query}`
          },
        })
        const agent = new Agent({
          name: 'researcher',
          model: 'any',
          instructions: 'Be brief',
          tools: [search],
        })
        const modelProvider = new OpenAIProvider({ apiKey: 'any', baseURL: `${model.url}/v1`, useResponses })
        const runner = new Runner({ modelProvider, tracingDisabled: true })

        const result = stream
          ? await runner.run(agent, 'heat pumps', { stream: true })
          : await runner.run(agent, 'heat pumps')
        if ('completed' in result) await result.completed

        expect(queries).toEqual(['heat pumps'])
        expect(result.finalOutput).toContain('About "heat pumps"')
        const { inputTokens, outputTokens, ...counts } = model.counts()
        expect(counts).toMatchObject({
          requests: 2,
          answered: 2,
          toolCalls: 1,
          streamed: stream ? 2 : 0,
          errors: 0,
        })
        const used = result.rawResponses.map((response) => response.usage)
        expect(used.reduce((sum, usage) => sum + usage.inputTokens, 0)).toBe(inputTokens)
        expect(used.reduce((sum, usage) => sum + usage.outputTokens, 0)).toBe(outputTokens)
      })
    }
  }
})

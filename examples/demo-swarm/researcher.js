import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import { z } from 'zod'
import { postJson } from './post-json.js'
import { HttpError, serveAgent } from './serve-agent.js'

// A researcher built with the OpenAI Agents SDK, as its documentation shows: an agent, a tool, a runner.
const search = tool({
  name: 'search',
  description: 'Finds documents about a topic.',
  parameters: z.object({ query: z.string().describe('What to look for') }),
  execute: async ({ query }) => {
    const { documents } = await postJson(`${process.env.TOOL_URL}/tools/search`, { query })
    return documents.map((document) => document.title).join('\n')
  },
  // Without this the SDK tells the model about a failed tool and goes on; here the task is to fail.
  errorFunction: null,
})

const researcher = new Agent({
  name: 'researcher',
  model: 'gpt-5',
  instructions: 'Answer from the documents that you find, in one paragraph.',
  tools: [search],
})

const runner = new Runner({
  modelProvider: new OpenAIProvider({
    apiKey: process.env.MODEL_KEY ?? 'none',
    baseURL: `${process.env.MODEL_URL}/v1`,
  }),
  // Tracing would send every run to OpenAI's servers.
  tracingDisabled: true,
})

await serveAgent({
  routes: {
    'POST /task': async ({ topic, notes = [] }) => {
      try {
        const { finalOutput } = await runner.run(researcher, [topic, ...notes].join('\n'), { maxTurns: 5 })
        return { answer: finalOutput }
      } catch (error) {
        throw new HttpError(502, `the research failed: ${error.message}`)
      }
    },
  },
})

import { expect, test } from 'vitest'
import { readAnswer, saidLastWord } from './read-answer.ts'

const events = (...data: unknown[]) => data.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')

test('Chat Completions: usage with its parts', () => {
  const answer = readAnswer(
    JSON.stringify({
      id: 'chatcmpl-1',
      model: 'gpt-5-2025-08-07',
      choices: [
        { message: { content: 'say {"usage":{"prompt_tokens":9}} "model":"x"' }, finish_reason: 'stop' },
      ],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 64 },
        completion_tokens_details: { reasoning_tokens: 40 },
      },
    }),
  )
  expect(answer).toEqual({
    model: 'gpt-5-2025-08-07',
    inputTokens: 100,
    outputTokens: 50,
    cacheReadTokens: 64,
    cacheWriteTokens: undefined,
    cacheWriteLongTokens: undefined,
    reasoningTokens: 40,
    finishReason: 'stop',
    failure: undefined,
  })
})

test('Anthropic: a stream tells input first and output last; cached tokens are input too', () => {
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 90,
    cache_creation_input_tokens: 5,
    output_tokens: 1,
  }
  const text = events(
    { type: 'message_start', message: { model: 'claude-sonnet-4-5', stop_reason: null, usage } },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 77 } },
    { type: 'message_stop' },
  )
  expect(readAnswer(text)).toMatchObject({
    model: 'claude-sonnet-4-5',
    inputTokens: 105,
    outputTokens: 77,
    cacheReadTokens: 90,
    cacheWriteTokens: 5,
    finishReason: 'tool_use',
    failure: undefined,
  })
})

test('Google: thoughts are output', () => {
  const text = JSON.stringify(
    {
      candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: 7,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 20,
        cachedContentTokenCount: 2,
        totalTokenCount: 30,
      },
      modelVersion: 'gemini-2.5-pro',
    },
    null,
    2,
  )
  expect(readAnswer(text)).toMatchObject({
    model: 'gemini-2.5-pro',
    inputTokens: 7,
    outputTokens: 23,
    cacheReadTokens: 2,
    reasoningTokens: 20,
    finishReason: 'STOP',
  })
})

test('Responses: why an answer is incomplete', () => {
  const response = {
    object: 'response',
    model: 'gpt-5',
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ status: 'completed', content: [{ text: 'x' }] }],
    usage: { input_tokens: 4, output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 } },
  }
  const facts = { finishReason: 'max_output_tokens', inputTokens: 4, outputTokens: 5, failure: undefined }
  expect(readAnswer(JSON.stringify(response))).toMatchObject(facts)
  expect(readAnswer(events({ type: 'response.incomplete', response }))).toMatchObject(facts)
})

test.each([
  [
    'Anthropic',
    events({ type: 'error', error: { type: 'overloaded_error', message: 'x' } }),
    'overloaded_error',
  ],
  ['Chat Completions', events({ error: { message: 'x', type: 'server_error' } }), 'server_error'],
  [
    'Responses',
    events({
      type: 'response.failed',
      response: { object: 'response', status: 'failed', error: { code: 'server_error' } },
    }),
    'server_error',
  ],
])('%s: a stream that breaks off with an error event has failed', (_name, text, failure) => {
  expect(readAnswer(text).failure).toBe(failure)
})

test.each([
  '',
  '{',
  'data: [DONE]',
  '{"usage":{',
  '{"usage":{"prompt_tokens":-1,"x":1e999}}',
  '{"usage":"much"}',
])('nothing is made of %s', (text) => {
  expect(readAnswer(text)).toMatchObject({
    inputTokens: undefined,
    outputTokens: undefined,
    failure: undefined,
  })
})

test('the last word of a stream', () => {
  expect(saidLastWord(events({ choices: [{ finish_reason: null }] }))).toBe(false)
  expect(saidLastWord(events({ choices: [{ finish_reason: 'stop' }] }))).toBe(true)
  expect(saidLastWord('data: [DONE]\n\n')).toBe(true)
})

test('a usage that most events leave empty is found at the end, whatever a text says of usage', () => {
  const chunk = (content: string, usage: unknown) => ({
    model: 'gpt-5',
    choices: [{ delta: { content }, finish_reason: null }],
    usage,
  })
  const chunks = Array.from({ length: 200 }, () => chunk('"usage": {"prompt_tokens": 1}', null))
  const told = { prompt_tokens: 40, completion_tokens: 9 }
  const text = `${events(...chunks, chunk('', told), chunk('', null))}data: [DONE]\n\n`
  expect(readAnswer(text)).toMatchObject({ inputTokens: 40, outputTokens: 9 })
})

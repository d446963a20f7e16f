import { expect, test } from 'vitest'
import { modelEndpoint } from './model-endpoint.ts'
import { providerName } from './provider-name.ts'

test.each([
  ['https://api.openai.com/v1/chat/completions', 'chat', 'openai', undefined],
  ['http://127.0.0.1:11434/v1/completions', 'text_completion', 'openai', undefined],
  ['https://openrouter.ai/api/v1/chat/completions?x=1', 'chat', 'openai', undefined],
  [
    'https://me.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2',
    'chat',
    'openai',
    'my-gpt',
  ],
  ['https://me.openai.azure.com/openai/responses?api-version=2', 'chat', 'openai', undefined],
  ['/v1/messages', 'chat', 'anthropic', undefined],
  ['https://x/v1/embeddings#a', 'embeddings', 'openai', undefined],
  [
    'https://x/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    'generate_content',
    'google',
    'gemini-2.5-pro',
  ],
  [
    'https://x/v1/projects/p/locations/l/publishers/google/models/g:embedContent',
    'embeddings',
    'google',
    'g',
  ],
])('%s', (url, operation, dialect, model) => {
  expect(modelEndpoint(url)).toMatchObject({ operation, dialect, model })
})

test.each([
  'https://x/v1/chat/completions/7',
  'https://x/v1/messages/count_tokens',
  'https://x/v1/messages/batches',
  'https://api.openai.com/v1/traces/ingest',
  'https://x/?next=/v1/chat/completions',
  '/',
  '',
])('%s is none', (url) => {
  expect(modelEndpoint(url)).toBeUndefined()
})

test.each([
  ['me.openai.azure.com', 'azure.ai.openai'],
  ['us-central1-aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.x.ai', 'x_ai'],
  ['127.0.0.1', 'openai'],
])('%s is served by %s', (host, name) => {
  expect(providerName(host, 'openai')).toBe(name)
})

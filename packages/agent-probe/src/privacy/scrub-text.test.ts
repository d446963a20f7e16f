import { expect, test } from 'vitest'
import { scrubText } from './scrub-text.ts'

test.each([
  ['https://user:pass@api.example.com/v1?key=abc#part', 'https://***@api.example.com/v1'],
  ['postgres://admin:hunter2@db/prod', 'postgres://***@db/prod'],
  ['Incorrect API key provided: sk-proj-abcdefghijklmnop1234', 'Incorrect API key provided: ***'],
  ['Authorization: Bearer abcdef123456', 'Authorization: *** ***'],
  ['x-api-key=abcdef', 'x-api-key=***'],
  ['{"password": "hunter2"}', '{"password": "***"}'],
  ['ghp_abcdefghijklmnopqrstuvwx', '***'],
  ['AKIAIOSFODNN7EXAMPLE', '***'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def', '***'],
  ['tool for jane.doe@example.com', 'tool for ***'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIE', '***'],
  ['aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF', '***'],
  ['a\u0000b\u001b[31mc\u202ed', 'ab[31mcd'],
])('%s leaves as %s', (text, clean) => {
  expect(scrubText(text)).toBe(clean)
})

test.each([
  'GET',
  'gpt-5.2-mini',
  'claude-sonnet-4-5-20250929',
  'meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8',
  'claude-3-5-sonnet@20240620',
  'UND_ERR_HEADERS_TIMEOUT',
  '/users/:id/orders/:orderId',
  '3f2b8c1e-9d4a-4f6b-8e7c-1a2b3c4d5e6f',
  'mcp__github__create_pull_request_review',
  'ip-10-0-12-34.eu-central-1.compute.internal',
])('%s is nobody’s secret', (text) => {
  expect(scrubText(text)).toBe(text)
})

test('no text is longer than 255 characters, and none takes long', () => {
  expect(scrubText('x y'.repeat(1000))).toHaveLength(255)
  for (const hostile of [
    'a.'.repeat(1e5),
    '-'.repeat(1e5),
    'token'.repeat(1e5),
    '@'.repeat(1e5),
    '//'.repeat(1e5),
  ]) {
    expect(scrubText(hostile).length).toBeLessThanOrEqual(255)
  }
})

import { expect, test } from 'vitest'
import { sampleValue } from './sample-value.js'

test('fills in what is required, with values that fit', () => {
  const schema = {
    type: 'object',
    required: ['query', 'url', 'kind', 'limit', 'deep', 'tags', 'either', 'one'],
    properties: {
      query: { type: 'string' },
      url: { type: 'string' },
      kind: { enum: ['fast', 'slow'] },
      limit: { type: 'integer', minimum: 3 },
      deep: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string', maxLength: 4 }, minItems: 2 },
      either: { anyOf: [{ type: 'null' }, { type: 'number' }] },
      one: { $ref: '#/$defs/one' },
      left: { type: 'string' },
    },
    $defs: { one: { const: 1 } },
  }
  expect(sampleValue(schema, 'Heat pumps')).toEqual({
    query: 'Heat pumps',
    url: 'https://example.com/heat-pumps',
    kind: 'fast',
    limit: 3,
    deep: true,
    tags: ['Heat', 'Heat'],
    either: 1,
    one: 1,
  })
})

test('a schema that contains itself ends', () => {
  const schema = { type: 'object', required: ['next'], properties: { next: { $ref: '#/$defs/node' } } }
  const node = { type: 'object', required: ['next'], properties: { next: { $ref: '#/$defs/node' } } }
  expect(JSON.stringify(sampleValue({ ...schema, $defs: { node } }, 'x'))).toContain('"next":null')
})

import { expect, test } from 'vitest'
import { readTopLevelText } from './read-top-level-text.ts'

test.each([
  ['{"model":"gpt-5","messages":[]}', 'gpt-5'],
  ['{ "messages" : [{"model":"no"}] , "model" : "yes" }', 'yes'],
  ['{"metadata":{"model":"no"},"model":"yes"}', 'yes'],
  [JSON.stringify({ messages: ['a \\" b } ] , "model":"no"', '\\\\'], model: 'yes' }), 'yes'],
  ['{"model":"caf\\u00e9"}', 'café'],
  ['{"text":"model"}', undefined],
  ['{"a":["model"],"b":"c"}', undefined],
  ['{"model":5}', undefined],
  ['{"model":"cut of', undefined],
  ['["model","x"]', undefined],
  ['', undefined],
  ['{"model":"\\x"}', undefined],
])('model in %s', (json, model) => {
  expect(readTopLevelText(json, 'model')).toBe(model)
})

test('agrees with a parser on random objects', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  const keys = ['model', 'messages', 'a"b', 'back\\slash', 'x']
  const value = (depth: number): unknown => {
    switch (random(depth > 2 ? 3 : 5)) {
      case 0:
        return ['model', '"model":"no"', '\\', '\\"', '{[', '],}'][random(6)]
      case 1:
        return random(100)
      case 2:
        return null
      case 3:
        return Array.from({ length: random(4) }, () => value(depth + 1))
      default:
        return Object.fromEntries(
          Array.from({ length: random(4) }, () => [keys[random(5)], value(depth + 1)]),
        )
    }
  }
  for (let round = 0; round < 2000; round++) {
    const object = Object.fromEntries(Array.from({ length: 5 }, () => [keys[random(5)], value(0)]))
    const expected = typeof object.model === 'string' ? object.model : undefined
    expect(readTopLevelText(JSON.stringify(object), 'model')).toBe(expected)
  }
})

import { expect, test } from 'vitest'
import { parseSampling } from './parse-sampling.ts'

test.each([
  ['all', { mode: 'all', rate: { keepOneOf: 1, importantInFull: true } }],
  ['Adaptive', { mode: 'adaptive', rate: { keepOneOf: 1, importantInFull: true } }],
  ['uniform:0.1', { mode: 'uniform', rate: { keepOneOf: 10, importantInFull: false } }],
  ['uniform:1', { mode: 'uniform', rate: { keepOneOf: 1, importantInFull: false } }],
  ['priority', { mode: 'priority', rate: { keepOneOf: 10, importantInFull: true } }],
  ['priority:0.25', { mode: 'priority', rate: { keepOneOf: 4, importantInFull: true } }],
])('%s', (text, sampling) => {
  expect(parseSampling(text)).toEqual(sampling)
})

test.each([
  '',
  'uniform',
  'uniform:0',
  'uniform:2',
  'uniform:x',
  'uniform:0.1:2',
  'all:1',
  'adaptive:0.1',
  'some',
])('%s is no sampling', (text) => {
  expect(parseSampling(text)).toBeUndefined()
})

import { expect, test } from 'vitest'
import { decodeOtlpMetricsJson } from './decode-otlp-json.ts'
import {
  createRandom,
  everyKind,
  everyKindJson,
  fuzzOnce,
  listNumbers,
  numbersOf,
} from './fixtures/fuzz-otlp.ts'

// The short form of benchmarks/fuzz-otlp.mjs, which holds a million mutated bodies against protobufjs.

test('the bodies that are damaged are whole before', () => {
  expect(numbersOf(everyKind)?.length).toBeGreaterThan(40)
  const { numbers, sink } = listNumbers()
  decodeOtlpMetricsJson(everyKindJson, sink)
  expect(numbers.length).toBeGreaterThan(20)
})

test('ten thousand damaged bodies in protobuf and in JSON are read or refused, and nothing else', () => {
  const below = createRandom(20_261_120)
  let read = 0
  let readJson = 0
  for (let round = 0; round < 10_000; round++) {
    const { numbers, isJson } = fuzzOnce(below)
    if (numbers !== null) read += 1
    if (isJson) readJson += 1
  }
  // Enough of both kinds, or the damages are too small or too large to find anything.
  expect(read).toBeGreaterThan(1_000)
  expect(10_000 - read).toBeGreaterThan(1_000)
  expect(readJson).toBeGreaterThan(500)
})

import { describe, expect, test } from 'vitest'
import { durationSchema, quantitySchema } from './quantity.ts'
import { renderQuantity } from './render-quantity.ts'

describe('quantities', () => {
  test.each([
    ['70%', 0.7],
    ['500ms', 0.5],
    ['5s', 5],
    ['2m', 120],
    ['512MiB', 536_870_912],
    ['1GB', 1e9],
    ['-3', -3],
    [0.25, 0.25],
  ])('%s is %d', (written, value) => expect(quantitySchema.parse(written)).toBe(value))

  test.each(['', 'fast', '10 apples', '5 %%', '1e3'])('%j is none', (written) => {
    expect(quantitySchema.safeParse(written).success).toBe(false)
  })
})

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['1.5s', 1_500],
    ['30d', 2_592_000_000],
    [0, 0],
  ])('%s is %d ms', (written, ms) => expect(durationSchema.parse(written)).toBe(ms))

  test.each([10, '10', '-1s', 'soon'])('%j is none: its unit would be a guess', (written) => {
    expect(durationSchema.safeParse(written).success).toBe(false)
  })
})

describe('values as people read them', () => {
  test.each([
    [0.934, '1', '93.4 %'],
    [0.0123, 's', '12.3 ms'],
    [5.5, 's', '5.5 s'],
    [536_870_912, 'By', '512 MiB'],
    [12.345, '{request}/s', '12.3 request/s'],
    [123_456, '', '123456'],
    [Number.NaN, 's', 'unknown'],
  ])('%d %s is %s', (value, unit, text) => expect(renderQuantity(value, unit)).toBe(text))
})

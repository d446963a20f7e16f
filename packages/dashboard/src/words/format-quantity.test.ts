import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatInUnit,
  formatRate,
  formatSeconds,
  formatShare,
  quantityText,
} from './format-quantity.ts'

const text = quantityText

describe('shares', () => {
  it.each([
    [0, '0 %'],
    [0.0002, '<0.1 %'],
    [0.034, '3.4 %'],
    [0.0995, '10 %'],
    [0.934, '93 %'],
    [1.02, '102 %'],
    [null, '–'],
  ])('%s is %s', (share, expected) => {
    expect(text(formatShare(share))).toBe(expected)
  })
})

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [0.000_25, '250 µs'],
    [0.0042, '4.2 ms'],
    [0.1234, '123 ms'],
    [0.9999, '1 s'],
    [1.234, '1.23 s'],
    [59.96, '60 s'],
    [180, '3 min'],
    [null, '–'],
  ])('%s s is %s', (seconds, expected) => {
    expect(text(formatSeconds(seconds))).toBe(expected)
  })
})

it('shortens counts only when they are long', () => {
  expect(text(formatCount(12_345))).toBe('12,345')
  expect(text(formatCount(123_456))).toBe('123 k')
  expect(text(formatCount(1_234_567))).toBe('1.23 M')
  expect(text(formatCount(999_960))).toBe('1 M')
  expect(text(formatCount(2.5))).toBe('2.5')
})

it('writes bytes in decimal units', () => {
  expect(text(formatBytes(0))).toBe('0 B')
  expect(text(formatBytes(812_000_000))).toBe('812 MB')
  expect(text(formatBytes(1_500_000_000))).toBe('1.5 GB')
})

it('writes rates with three figures', () => {
  expect([0, 0.034, 1.178, 12.34, 1234].map((rate) => text(formatRate(rate)))).toEqual([
    '0',
    '0.034',
    '1.18',
    '12.3',
    '1,234',
  ])
})

it.each([
  [0.93, '1', '93 %'],
  [93, '%', '93 %'],
  [1.5, 's', '1.5 s'],
  [250, 'ms', '250 ms'],
  [2e9, 'By', '2 GB'],
  [2e6, 'By/s', '2 MB/s'],
  [12, '{connection}', '12 connection'],
  [7, '', '7'],
  [null, 's', '–'],
])('%s in %j is %s', (value, unit, expected) => {
  expect(text(formatInUnit(value, unit))).toBe(expected)
})

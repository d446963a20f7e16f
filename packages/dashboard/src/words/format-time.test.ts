import { expect, it } from 'vitest'
import { formatAgo, formatSpan } from './format-time.ts'

const minute = 60_000
const hour = 60 * minute

it.each([
  [-5000, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [3 * minute, '3 min'],
  [2 * hour, '2 h'],
  [2 * hour + 5 * minute, '2 h 5 min'],
  [76 * hour, '3 d 4 h'],
  [48 * hour, '2 d'],
])('%s ms is %s', (spanMs, expected) => {
  expect(formatSpan(spanMs)).toBe(expected)
})

it('does not count the seconds that clocks differ by', () => {
  expect(formatAgo(-300)).toBe('now')
  expect(formatAgo(1999)).toBe('now')
  expect(formatAgo(4000)).toBe('4 s ago')
})

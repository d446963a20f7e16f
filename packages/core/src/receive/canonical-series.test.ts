import type { Series } from '@perfmon/protocol'
import { expect, test } from 'vitest'
import { canonicalTargets, modernAttributes } from './canonical-series.ts'

const inherited = ['constructor', 'toString', 'hasOwnProperty', '__proto__']

const series = (change: Partial<Series>): Series => ({
  id: 1,
  agentId: 'a',
  scope: 's',
  metric: 'm',
  unit: '1',
  kind: 'counter',
  part: 'value',
  attributes: {},
  ...change,
})

test.each(inherited)('a metric called %s is nobody else’s, and refuses no batch', (metric) => {
  expect(canonicalTargets(series({ metric }))).toEqual([])
  expect(canonicalTargets(series({ metric: `${metric}_total` }))).toEqual([])
})

test.each(inherited)('an attribute called %s, or with such a value, stays what it is', (name) => {
  const given = Object.fromEntries([
    [name, 'x'],
    ['gen_ai.token.type', name],
  ])
  expect(Object.entries(modernAttributes('gen_ai.client.token.usage', given)).sort()).toEqual(
    Object.entries(given).sort(),
  )
})

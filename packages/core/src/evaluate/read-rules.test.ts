import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRules } from './read-rules.ts'

describe('a file with one mistake is refused, with the place of the mistake', () => {
  const folder = join(import.meta.dirname, 'bad-rules')
  test.each(readdirSync(folder))('%s', (file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const [, line, column, code] = /^# expect (\d+):(\d+) (\S+)/.exec(text)!
    const { rules, mistakes } = readRules(file, text)
    expect(rules).toBeNull()
    expect(mistakes[0]).toMatchObject({ file, line: Number(line), column: Number(column), code })
    expect(mistakes[0]!.remedy).not.toBe('')
  })
})

test('thresholds are read in the unit of what they watch', () => {
  const { rules } = readRules(
    'r',
    `rules:
  - alert: Slow
    vital: responseTime
    above: { warning: 500ms, critical: 5s }
    for: { warning: 1m }
  - alert: Big
    metric: process.memory.usage
    attributes: { role: cache }
    above: { critical: 512MiB }
    for: 10s
    swarm: demo
    agent: [worker, tools]
  - alert: Gone
    absent: { missed_reports: 4 }`,
  )
  expect(rules).toMatchObject([
    { warning: { value: 0.5, forMs: 60_000 }, critical: { value: 5, forMs: 0 }, unit: 's' },
    {
      critical: { value: 536_870_912, forMs: 10_000 },
      target: { metric: 'process.memory.usage', attributes: { role: 'cache' } },
      swarms: ['demo'],
      agents: ['worker', 'tools'],
    },
    { kind: 'absence', missedReports: 4, minimumMs: 5_000, severity: 'critical' },
  ])
})

test('an empty file says what is missing', () => {
  expect(readRules('r', '').mistakes[0]).toMatchObject({ code: 'missing-key', line: 1 })
})

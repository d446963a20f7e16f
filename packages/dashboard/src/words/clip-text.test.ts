import { expect, it } from 'vitest'
import { clipText, counted } from './clip-text.ts'

it('leaves ordinary names as they are, in any script', () => {
  expect(clipText('planner')).toBe('planner')
  expect(clipText('عامل البحث')).toBe('عامل البحث')
  expect(clipText('x'.repeat(160))).toBe('x'.repeat(160))
})

it('shortens what is too long, without cutting a character in half', () => {
  expect(clipText('x'.repeat(10_000))).toBe(`${'x'.repeat(159)}…`)
  expect(clipText('😀'.repeat(200), 5)).toBe('😀😀😀😀…')
})

it('puts on one line, and takes the power from marks that turn the direction', () => {
  expect(clipText('a\n\tb\u0000c')).toBe('a b c')
  expect(clipText('\u202Egnp.exe\u2066')).toBe('gnp.exe')
})

it('counts in words', () => {
  expect([0, 1, 2, 12_345].map((count) => counted(count, 'agent'))).toEqual([
    '0 agents',
    '1 agent',
    '2 agents',
    '12,345 agents',
  ])
})

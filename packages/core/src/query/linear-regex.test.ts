import { describe, expect, it } from 'vitest'
import { linearRegex } from './linear-regex.ts'

const patterns = [
  'a',
  'abc',
  'a.c',
  '',
  'a|b|cd',
  '(a|b)*c',
  'a+b?',
  '(?:ab)+',
  '[a-c]x',
  '[^a-c]x',
  '[]x]',
  '[a-]',
  'a{2}',
  'a{2,}',
  'a{1,3}b',
  '(a|ab)(c|bcd)',
  '\\d+\\.\\d+',
  '\\w+@\\w+',
  '\\S*',
  'http\\.server\\..*',
  '^abc$',
  '((a)|(b))*',
  '(a?){3}a{3}',
  'a*?b',
  'x*',
]
const texts = [
  '',
  'a',
  'b',
  'c',
  'ab',
  'abc',
  'aab',
  'aaa',
  'aaaa',
  'abab',
  'ax',
  'dx',
  ']',
  'x',
  '-',
  'cd',
  'abcd',
  'aac',
  'bac',
  '1.25',
  'me@you',
  'http.server.duration',
  'a\nc',
  'a c',
  'xxxx',
  'aaab',
]

describe('a linear pattern', () => {
  it('matches what JavaScript matches', () => {
    for (const pattern of patterns) {
      const [ours, theirs] = [linearRegex(pattern), new RegExp(`^(?:${pattern.replace('[]x]', '[\\]x]')})$`)]
      for (const text of texts)
        expect([pattern, text, ours(text)]).toEqual([pattern, text, theirs.test(text)])
    }
  })

  it('takes no longer for hostile ones', () => {
    expect(linearRegex('(a*)*(a|aa)+b')('a'.repeat(20_000))).toBe(false)
    expect(linearRegex('(x+x+)+y')('x'.repeat(20_000))).toBe(false)
  })

  it.each([
    ['(a', 'a ")" is missing'],
    ['a)', 'has no "("'],
    ['[a', 'a "]" is missing'],
    ['*a', 'nothing for "*" to repeat'],
    ['a**', 'a repetition is repeated'],
    ['(?=a)', 'only groups'],
    ['(a)\\1', '"\\1" is not known'],
    ['a{3,1}', 'the least is more'],
    ['a{1000}', 'at most 100'],
    ['((a{90}){90}){90}', 'more than 4096 steps'],
    ['a\\', 'stands at the end'],
    ['a'.repeat(600), 'may have 512 characters'],
  ])('refuses %s with its reason', (pattern, reason) => {
    expect(() => linearRegex(pattern)).toThrow(
      expect.objectContaining({ code: 'bad-query', message: expect.stringContaining(reason) }),
    )
  })
})

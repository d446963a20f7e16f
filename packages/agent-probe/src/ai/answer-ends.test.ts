import { expect, test } from 'vitest'
import { createAnswerEnds } from './answer-ends.ts'

test.each([1, 7, 1000, 9000, 300_000])('in pieces of %d bytes the ends stay, within bounds', (size) => {
  const ends = createAnswerEnds()
  const text = Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join('')
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size))
    ends.add(chunk)
    // The agent may overwrite what it was given.
    chunk.fill(0)
  }
  const kept = ends.text()
  expect(kept.startsWith('line 0\n')).toBe(true)
  expect(text.endsWith(kept.slice(-32 * 1024))).toBe(true)
  expect(kept.length).toBeLessThanOrEqual(8 * 1024 + 2 * 64 * 1024 + 1)
  expect(ends.whole()).toBeUndefined()
})

test('a short answer is kept as it is', () => {
  const ends = createAnswerEnds()
  for (let part = 0; part < 1000; part++) ends.add(Buffer.from(`part ${part};`))
  expect(ends.text()).toBe(Array.from({ length: 1000 }, (_, part) => `part ${part};`).join(''))
  expect(ends.whole()?.toString()).toBe(ends.text())
})

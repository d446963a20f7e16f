import { expect, test } from 'vitest'
import { walkWithPauses } from './walk-with-pauses.ts'

/** Steps of more than a stretch each: every one of them is followed by a pause. */
function* slowSteps(taken: number[]) {
  for (let step = 0; step < 3; step++) {
    const until = performance.now() + 11
    while (performance.now() < until);
    taken.push(step)
    yield
  }
}

test('others have their turn between slow steps, and all steps are taken', async () => {
  const taken: number[] = []
  const seen: number[] = []
  const pauses = { count: 0 }
  setImmediate(() => seen.push(taken.length))
  await walkWithPauses(slowSteps(taken), pauses)
  expect([taken, pauses.count]).toEqual([[0, 1, 2], 3])
  expect(seen).toEqual([1])
})

test('an error of a step passes through', async () => {
  const broken: Iterator<void> = {
    next() {
      throw new Error('no')
    },
  }
  await expect(walkWithPauses(broken, { count: 0 })).rejects.toThrow('no')
})

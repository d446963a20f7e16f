import { expect, test } from 'vitest'
import { gatherAnswers } from './gather-answers.ts'
import type { PolledAnswer } from './ingest.ts'

const answer = (id: number) => ({ agent: { id: String(id) } }) as unknown as PolledAnswer

test('answers travel together; what the store refuses is told', async () => {
  const stored: number[] = []
  const lost: number[] = []
  let refuse = false
  const answers = gatherAnswers({
    ingest: {
      async acceptPolled(all) {
        if (refuse) throw new Error('full')
        stored.push(all.length)
      },
    },
    onLost: (count) => lost.push(count),
  })
  answers.handOver()
  for (let i = 0; i < 1_002; i++) answers.add(answer(i))
  expect(stored).toEqual([1_000])
  refuse = true
  answers.handOver()
  await answers.settled()
  expect(lost).toEqual([2])
  refuse = false
  await new Promise<void>((resolve) => {
    answers.add(answer(1))
    const look = setInterval(() => {
      if (stored.length < 2) return
      clearInterval(look)
      resolve()
    }, 5)
  })
  expect(stored).toEqual([1_000, 1])
})

import { expect, test } from 'vitest'
import { limitConcurrency } from './limit-concurrency.js'

test('runs so many at a time, in order, also after failures', async () => {
  const limited = limitConcurrency(2)
  const started: number[] = []
  const ends: ((error?: Error) => void)[] = []
  const calls = [0, 1, 2, 3].map((number) =>
    limited(() => {
      started.push(number)
      return new Promise((resolve, reject) => {
        ends[number] = (error) => (error ? reject(error) : resolve(number))
      })
    }),
  )
  expect(started).toEqual([0, 1])
  ends[1]?.(new Error('no'))
  await expect(calls[1]).rejects.toThrow('no')
  expect(started).toEqual([0, 1, 2])
  ends[0]?.()
  await calls[0]
  expect(started).toEqual([0, 1, 2, 3])
  ends[2]?.()
  ends[3]?.()
  expect(await Promise.all([calls[0], calls[2], calls[3]])).toEqual([0, 2, 3])
})

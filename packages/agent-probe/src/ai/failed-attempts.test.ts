import { expect, test } from 'vitest'
import { createFailedAttempts, fingerprintOf } from './failed-attempts.ts'

const start = () => {
  let nowMs = 0
  const given: string[] = []
  const attempts = createFailedAttempts({ now: () => nowMs, maxHeld: 3 })
  return {
    attempts,
    given,
    wait: (ms: number) => {
      nowMs += ms
    },
    hold: (fingerprint: string, name: string, waitMs = 1000) =>
      attempts.hold(fingerprint, { startedAtMs: nowMs, giveUp: () => given.push(name) }, waitMs),
  }
}

test('a repeat goes on with the oldest failure alike; the rest fails in time', () => {
  const { attempts, given, wait, hold } = start()
  hold('a', 'first')
  wait(10)
  hold('a', 'second')
  expect(attempts.resume('b')).toBeUndefined()
  expect(attempts.resume('a')?.startedAtMs).toBe(0)
  attempts.settle(false)
  expect(given).toEqual([])
  wait(1000)
  attempts.settle(false)
  expect(given).toEqual(['second'])
  expect(attempts.waiting()).toBe(false)
})

test('an ending agent repeats nothing', () => {
  const { attempts, given, hold } = start()
  hold('a', 'first', 60_000)
  attempts.settle(true)
  expect(given).toEqual(['first'])
})

test('what goes over the bound has failed', () => {
  const { given, hold } = start()
  for (const name of ['one', 'two', 'three', 'four', 'five']) hold(name, name)
  expect(given).toEqual(['one', 'two'])
})

test('a turn of a conversation is another request, and so is another URL', () => {
  const body = JSON.stringify({ messages: ['x'.repeat(5000)] })
  const longer = JSON.stringify({ messages: ['x'.repeat(4999), 'y'] })
  expect(fingerprintOf('/a', body)).toBe(fingerprintOf('/a', `${body}`))
  expect(fingerprintOf('/a', body)).not.toBe(fingerprintOf('/b', body))
  expect(fingerprintOf('/a', body)).not.toBe(fingerprintOf('/a', longer))
})

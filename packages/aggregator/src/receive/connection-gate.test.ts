import { expect, test } from 'vitest'
import { createConnectionGate } from './connection-gate.ts'

test('so many at a time, the others in their order; who leaves while waiting is skipped', async () => {
  const gate = createConnectionGate(2)
  const went: string[] = []
  const leave = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e'].map((name) => [name, gate.enter(() => went.push(name))]),
  )
  await Promise.resolve()
  expect(went).toEqual(['a', 'b'])
  expect(gate.stats()).toEqual({ connecting: 2, waiting: 3 })
  leave.c!()
  leave.a!()
  leave.a!()
  await Promise.resolve()
  expect(went).toEqual(['a', 'b', 'd'])
  for (const one of Object.values(leave)) one()
  await Promise.resolve()
  // e got the place of b and left before it began.
  expect(went).toEqual(['a', 'b', 'd'])
  expect(gate.stats()).toEqual({ connecting: 0, waiting: 0 })
})

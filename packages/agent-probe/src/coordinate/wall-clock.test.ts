import { expect, test } from 'vitest'
import { createWallClock } from './wall-clock.ts'

test('fractions of milliseconds, until the system’s clock is stepped', () => {
  const clock = { monotonic: 0, system: 1_000_000 }
  const wallMs = createWallClock({
    timeOriginMs: 1_000_000.25,
    monotonicMs: () => clock.monotonic,
    systemMs: () => clock.system,
  })
  expect(wallMs()).toBe(1_000_000.25)
  clock.monotonic = 10.5
  clock.system = 1_000_010
  expect(wallMs()).toBe(1_000_010.75)
  // The machine slept for an hour, which the monotonic clock does not count.
  clock.system += 3_600_000
  expect(wallMs()).toBe(4_600_010)
  clock.monotonic += 0.25
  expect(wallMs()).toBe(4_600_010.25)
  clock.system -= 7_200_000
  expect(wallMs()).toBe(clock.system)
})

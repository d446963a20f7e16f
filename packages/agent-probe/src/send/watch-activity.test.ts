import { expect, test } from 'vitest'
import { createRecordings } from '../record/recordings.ts'
import { watchActivity } from './watch-activity.ts'

test('an agent is quiet while it has no requests and next to no CPU', () => {
  const recordings = createRecordings()
  let cpuSeconds = 0
  const activity = watchActivity({ recordings, readCpuSeconds: () => cpuSeconds })
  expect(activity.isQuiet(1000)).toBe(false)

  activity.reported(1000)
  cpuSeconds += 0.01
  expect(activity.isQuiet(2000)).toBe(true)
  cpuSeconds += 0.02
  expect(activity.isQuiet(2000)).toBe(false)

  activity.reported(2000)
  recordings.active.client = 1
  expect(activity.isQuiet(3000)).toBe(false)
  recordings.active.client = 0
  const { clientDurations } = recordings
  clientDurations.record(clientDurations.admit('a', {}), 0.1)
  expect(activity.isQuiet(3000)).toBe(false)
  activity.reported(3000)
  expect(activity.isQuiet(4000)).toBe(true)
})

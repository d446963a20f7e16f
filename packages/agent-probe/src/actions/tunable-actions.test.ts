import { afterEach, expect, test } from 'vitest'
import { declarations } from '../api/declarations.ts'
import { tunable } from '../api/tunable.ts'
import { createChangeJournal } from './change-journal.ts'
import { createTunableActions } from './tunable-actions.ts'

afterEach(() => declarations().tunables.clear())

test('a set that takes too long is given up, and what it does later can still be restored', async () => {
  let value = 1
  let finish = () => {}
  tunable('slow', {
    get: () => value,
    set: async (next) => {
      if (next !== 1) {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
      }
      value = next
    },
    min: 0,
    max: 10,
  })
  const journal = createChangeJournal(() => 0)
  const { offers, putBack } = createTunableActions(journal, { setLimitMs: 20 })
  const asker = { requestId: 'r', by: 'tester' }
  const setting = offers['set-tunable'].run({ name: 'slow', value: 5 }, asker)
  await expect(setting).rejects.toMatchObject({ code: 'action-failed' })
  expect(journal.list()).toHaveLength(1)
  await expect(offers['set-tunable'].run({ name: 'slow', value: 6 }, asker)).rejects.toMatchObject({
    code: 'busy',
  })
  finish()
  await new Promise((resolve) => setImmediate(resolve))
  expect(value).toBe(5)
  await putBack('slow', journal.original('tunable:slow')!)
  expect([value, journal.list()]).toEqual([1, []])
})

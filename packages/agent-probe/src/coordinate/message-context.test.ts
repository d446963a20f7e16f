import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { createMessageContexts, type MessageContext } from './message-context.ts'

const start = () => createMessageContexts(new AsyncLocalStorage<MessageContext>(), () => '01')

test('what a task within a message sends is caused by both', async () => {
  const contexts = start()
  const message = contexts.open({ transport: 'http' })
  await contexts.within(message, async () => {
    await null
    contexts.caused()
    const task = contexts.open({ transport: 'task' })
    await contexts.within(task, async () => {
      await null
      contexts.caused()
    })
    expect(task.caused).toBe(1)
  })
  expect(message.caused).toBe(2)
  expect(contexts.caused()).toBeUndefined()
})

test('a task within a message is of the same trace', () => {
  const contexts = start()
  const message = contexts.open({ transport: 'http', traceId: 'a', spanId: 'b', flags: '00', foreign: 'c=1' })
  const task = contexts.within(message, () => contexts.openWithin('task'))
  expect(task).toMatchObject({ traceId: 'a', spanId: 'b', flags: '00', foreign: 'c=1', parent: message })
  expect(contexts.openWithin('task')).toMatchObject({ traceId: undefined, flags: '01', parent: undefined })
})

test('a loop that starts itself again does not grow a chain of what has ended', async () => {
  const contexts = start()
  let context = contexts.open({ transport: 'task' })
  for (let round = 0; round < 100; round++) {
    const before = context
    context = contexts.within(before, () => contexts.open({ transport: 'task' }))
    before.ended = true
    const next = contexts.within(before, () => contexts.open({ transport: 'task' }))
    expect(next.parent).toBeUndefined()
    context = next
  }
})

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { watchFetchesLast } from './watch-fetches-last.ts'

test.each([
  { kept: 'where it is known', marked: [['other'], ['other', 'ours']] },
  // The first time they are before us: that request alone.
  {
    kept: 'elsewhere',
    marked: [
      ['ours', 'other'],
      ['other', 'ours'],
    ],
  },
])('whoever subscribes after us still comes before us, with subscribers kept $kept', ({ kept, marked }) => {
  const creation = channel('undici:request:create')
  const headers: string[][] = []
  const before = new Set((creation as unknown as { _subscribers?: unknown[] })._subscribers)
  watchFetchesLast(
    (request) => (request as unknown as string[]).push('ours'),
    ...(kept === 'elsewhere' ? [() => undefined] : []),
  )
  const other = (message: unknown) => {
    const { request } = message as { request: string[] }
    request.push('other')
  }
  subscribe('undici:request:create', other)
  onTestFinished(() => {
    for (const listener of [...(creation as unknown as { _subscribers: never[] })._subscribers]) {
      if (!before.has(listener)) unsubscribe('undici:request:create', listener)
    }
  })
  for (let time = 0; time < 2; time++) {
    const request: string[] = []
    creation.publish({ request })
    headers.push(request)
  }
  expect(headers).toEqual(marked)
})

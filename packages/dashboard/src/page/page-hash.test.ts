import { expect, it } from 'vitest'
import { emptyRoute, readPageHash, writePageHash } from './page-hash.ts'

it('writes nothing for the plain page', () => {
  expect(writePageHash(emptyRoute)).toBe('')
  expect(readPageHash('')).toEqual(emptyRoute)
})

it('carries everything there and back, hostile names too', () => {
  const route = {
    agentId: 'a&b=c#d/é "<img>"',
    filter: 'status:error swarm:x',
    sort: { key: 'cpu', descending: false },
    grouped: false,
    closedSwarms: ['one', 'two & three'],
  } as const
  expect(readPageHash(writePageHash(route))).toEqual(route)
})

it('reads a link as notifications write it', () => {
  expect(readPageHash(`#agent=${encodeURIComponent('planner 1/é')}`).agentId).toBe('planner 1/é')
})

it('takes what it does not know for what is not there', () => {
  expect(readPageHash('#sort=nonsense&order=up&agent=&x=%E0%A4%A')).toEqual(emptyRoute)
})

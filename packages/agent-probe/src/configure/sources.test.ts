import { expect, test } from 'vitest'
import { readSources, sourceNames } from './sources.ts'

const off = (list: string | undefined) => sourceNames.filter((name) => !readSources(list).isOn(name))

test.each([
  [undefined, []],
  ['', []],
  [' gc , HEAP,', ['heap', 'gc']],
  ['http.client', ['http.client', 'http.client.fetch', 'http.client.http2']],
  [
    'http',
    ['http', 'http.server', 'http.server.http2', 'http.client', 'http.client.fetch', 'http.client.http2'],
  ],
  ['http.client.fetch', ['http.client.fetch']],
  ['eventloop.delay', ['eventloop.delay']],
])('%s switches off %o', (list, expected) => {
  expect(off(list)).toEqual(expected)
})

test('names that there are none of are told', () => {
  expect(readSources('gc,htp.client, disk').unknown).toEqual(['htp.client', 'disk'])
})

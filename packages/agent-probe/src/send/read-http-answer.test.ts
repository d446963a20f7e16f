import { describe, expect, test } from 'vitest'
import { type HttpAnswer, readHttpAnswer } from './read-http-answer.ts'

const read = (text: string, ended = false) => readHttpAnswer(Buffer.from(text, 'latin1'), ended)
const lines = (...parts: string[]) => parts.join('\r\n')

const complete = [
  [
    'a length',
    lines('HTTP/1.1 200 OK', 'Content-Length: 2', '', '{}'),
    { status: 200, body: '{}', reusable: true },
  ],
  ['no body', lines('HTTP/1.1 204 No Content', '', ''), { status: 204, body: '', reusable: true }],
  [
    'chunks',
    lines(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      '',
      '3',
      'abc',
      'A;x=y',
      '0123456789',
      '0',
      '',
      '',
    ),
    { status: 200, body: 'abc0123456789', reusable: true },
  ],
  [
    'a close',
    lines('HTTP/1.1 503 Busy', 'connection: close', 'Retry-After: 3', 'content-length: 0', '', ''),
    { status: 503, body: '', reusable: false },
  ],
  [
    'a continue before it',
    lines('HTTP/1.1 100 Continue', '', 'HTTP/1.1 200 OK', 'content-length: 1', '', 'x'),
    { status: 200, body: 'x', reusable: true },
  ],
] as const

describe.each(complete)('an answer with %s', (_title, text, expected) => {
  test('is read when it is whole, and not a byte sooner', () => {
    for (let length = 0; length < text.length; length++) expect(read(text.slice(0, length))).toBeUndefined()
    const { status, body, reusable } = read(text) as HttpAnswer
    expect({ status, body: body.toString(), reusable }).toEqual(expected)
  })
})

test('without a length the body ends with the connection', () => {
  const text = lines('HTTP/1.1 200 OK', '', 'rest')
  expect(read(text)).toBeUndefined()
  expect(read(text, true)).toMatchObject({ status: 200, body: Buffer.from('rest'), reusable: false })
})

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['no status', 'HTTP/1.1 abc\r\n\r\n'],
  ['a bad length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
])('%s is broken', (_title, text) => {
  expect(read(text)).toBe('broken')
})

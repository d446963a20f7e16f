import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createAccess } from './access.ts'

const request = (headers: Record<string, string>) => ({ headers }) as unknown as IncomingMessage
const basic = (password: string) => `Basic ${Buffer.from(`perfmon:${password}`).toString('base64')}`
const token = 'a-token-of-some-length'

describe('on loopback', () => {
  const deny = createAccess({ token: undefined, host: '127.0.0.1' })
  test.each([
    ['a program on this machine', { host: '127.0.0.1:8080' }, null],
    ['the page itself', { host: 'localhost:8080', origin: 'http://localhost:8080' }, null],
    ['a rebound name', { host: 'evil.example:8080' }, 'foreign-host'],
    ['no host at all', {}, 'foreign-host'],
    ['a page of another site', { host: '127.0.0.1:8080', origin: 'https://evil.example' }, 'foreign-origin'],
    ['a page of another port', { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:3000' }, 'foreign-origin'],
    ['a sandboxed page', { host: '127.0.0.1:8080', origin: 'null' }, 'foreign-origin'],
  ])('%s', (_who, headers, denial) => expect(deny(request(headers))).toBe(denial))
})

describe('beyond loopback', () => {
  const deny = createAccess({ token, host: '0.0.0.0' })
  test.each([
    ['no token', {}, 'unauthorized'],
    ['a wrong token', { authorization: 'Bearer a-token-of-some-lengtx' }, 'unauthorized'],
    ['a longer token', { authorization: `Bearer ${token}x` }, 'unauthorized'],
    ['the token', { authorization: `Bearer ${token}` }, null],
    ['the token as the password a browser asks for', { authorization: basic(token) }, null],
    ['another password', { authorization: basic('guess') }, 'unauthorized'],
    ['a broken header', { authorization: 'Basic ???' }, 'unauthorized'],
    [
      'the token on a page of another site',
      { authorization: `Bearer ${token}`, origin: 'https://evil.example' },
      'foreign-origin',
    ],
  ])('%s', (_who, headers, denial) => {
    expect(deny(request({ host: 'perfmon.internal:8080', ...headers }))).toBe(denial)
  })
})

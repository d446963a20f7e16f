import { expect, test } from 'vitest'
import { errorTypeName, methodName, peerOfOrigin } from './http-names.ts'

test.each([
  ['GET', 'GET'],
  ['get', '_OTHER'],
  ['BREW', '_OTHER'],
  [undefined, '_OTHER'],
])('method %s is %s', (method, name) => {
  expect(methodName(method)).toBe(name)
})

test.each([
  [{ code: 'ECONNRESET', name: 'Error' }, 'ECONNRESET'],
  [{ code: 23, name: 'TimeoutError' }, 'TimeoutError'],
  [{ name: 'secret in a name' }, '_OTHER'],
  [{ code: 'x'.repeat(100) }, '_OTHER'],
  ['text', '_OTHER'],
  [null, '_OTHER'],
])('error %o is %s', (error, name) => {
  expect(errorTypeName(error)).toBe(name)
})

test.each([
  ['https://api.example.com', { host: 'api.example.com', port: 443 }],
  ['http://user:secret@host:8080/path?key=1', { host: 'host', port: 8080 }],
  ['http://[::1]:3000', { host: '::1', port: 3000 }],
  ['nonsense', { host: '_OTHER', port: undefined }],
])('origin %s', (origin, peer) => {
  expect(peerOfOrigin(origin)).toEqual(peer)
})

import { describe, expect, test } from 'vitest'
import { AddressError, agentAddresses } from './agent-addresses.ts'

describe('what an address stands for', () => {
  test.each([
    ['ws://127.0.0.1:3001/metrics', 1, 'ws://127.0.0.1:3001/metrics', 'ws://127.0.0.1:3001/metrics'],
    ['ws://localhost:3000-3099/metrics', 100, 'ws://localhost:3000/metrics', 'ws://localhost:3099/metrics'],
    ['ws://localhost:300X/metrics', 10, 'ws://localhost:3000/metrics', 'ws://localhost:3009/metrics'],
    ['ws://localhost:30xx/metrics', 100, 'ws://localhost:3000/metrics', 'ws://localhost:3099/metrics'],
    ['ws://[::1]:3000-3001/m?a=1', 2, 'ws://[::1]:3000/m?a=1', 'ws://[::1]:3001/m?a=1'],
    ['wss://Agent.Example', 1, 'wss://agent.example/', 'wss://agent.example/'],
    ['ws://a:XXXX/', 9_999, 'ws://a:1/', 'ws://a:9999/'],
  ])('%s', (text, count, first, last) => {
    const addresses = agentAddresses(text)
    expect([addresses.length, addresses[0], addresses.at(-1)]).toEqual([count, first, last])
  })

  test.each([
    ['http://127.0.0.1:3001/', /should look like ws:/],
    ['ws://user:secret@127.0.0.1:3001/', /user or password/],
    ['ws://127.0.0.1:0/', /1 to 65535/],
    ['ws://127.0.0.1:65530-65536/', /1 to 65535/],
    ['ws://127.0.0.1:3X0/', /1 to 65535/],
    ['ws://127.0.0.1:3009-3000/', /ends before it begins/],
    ['ws://127.0.0.1:1-65535/', /stands for 65535 addresses, and 5000 are allowed/],
    ['ws://:3000/', /should look like/],
    ['ws://a:3000/#x', /fragment/],
    ['', /should look like/],
  ])('%j is refused', (text, message) => {
    expect(() => agentAddresses(text, 5_000)).toThrow(AddressError)
    expect(() => agentAddresses(text, 5_000)).toThrow(message)
  })
})

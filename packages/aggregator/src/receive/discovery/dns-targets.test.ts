import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '../../system/logger.ts'
import { dnsTargets, nameResolver } from './dns-targets.ts'
import type { Target } from './target.ts'

const types = { A: 1, AAAA: 28, SRV: 33 } as const
const noError = 0
const serverFailure = 2
const nameError = 3

/** A name server of one zone over UDP (RFC 1035, SRV: RFC 2782), which answers what `answer` says. */
let server: Socket
let answer: { code: number; records: { type: number; data: Buffer }[] }
let questions = 0
let stop: (() => void) | undefined

beforeEach(async () => {
  questions = 0
  answer = { code: noError, records: [] }
  server = createSocket('udp4')
  server.on('message', (query, from) => {
    questions += 1
    const { code, records } = answer
    const end = query.indexOf(0, 12) + 5
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180 | code, 2)
    head.writeUInt16BE(records.length, 6)
    head.writeUInt32BE(0, 8)
    const answers = records.map(({ type, data }) => {
      const fixed = Buffer.alloc(12)
      // Its name is the one at offset 12: the question's.
      fixed.writeUInt16BE(0xc00c, 0)
      fixed.writeUInt16BE(type, 2)
      fixed.writeUInt16BE(1, 4)
      fixed.writeUInt16BE(data.length, 10)
      return Buffer.concat([fixed, data])
    })
    server.send(Buffer.concat([head, query.subarray(12, end), ...answers]), from.port, from.address)
  })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
})
afterEach(() => {
  stop?.()
  server.close()
})

const a = (address: string) => ({ type: types.A, data: Buffer.from(address.split('.').map(Number)) })
function srv(port: number, target: string) {
  const labels = target
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  const head = Buffer.from([0, 0, 0, 0, port >> 8, port & 255])
  return { type: types.SRV, data: Buffer.concat([head, ...labels, Buffer.from([0])]) }
}

function watch(type: 'A' | 'AAAA' | 'SRV', port?: number) {
  const told: (readonly Target[])[] = []
  const source = dnsTargets({
    name: 'agents.test',
    type,
    port,
    scheme: 'ws',
    path: '/metrics',
    refreshMs: 20,
    labels: { swarm: 'scouts' },
    resolver: nameResolver([`127.0.0.1:${(server.address() as AddressInfo).port}`]),
    clock: { nowMs: Date.now, random: () => 0.5 },
    logger: createLogger({ level: 'silent' }),
  })
  stop = source.watch((targets) => told.push(targets))
  const urls = () => told.at(-1)?.map(({ url }) => url)
  const until = async (isDone: () => boolean) => {
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { source, told, urls, until }
}

test('addresses come and go with the records', async () => {
  answer.records = [a('127.0.0.2'), a('127.0.0.3')]
  const { told, urls, until } = watch('A', 3001)
  await until(() => told.length > 0)
  expect(told[0]![0]!.labels).toEqual({ 'service.namespace': 'scouts' })
  expect(urls()!.toSorted()).toEqual(['ws://127.0.0.2:3001/metrics', 'ws://127.0.0.3:3001/metrics'])
  answer.records = [a('127.0.0.3')]
  await until(() => urls()!.length === 1)
  expect(urls()).toEqual(['ws://127.0.0.3:3001/metrics'])
})

test('IPv6 addresses are written as URLs have them', async () => {
  answer.records = [{ type: types.AAAA, data: Buffer.from([...Array(15).fill(0), 1]) }]
  const { told, urls, until } = watch('AAAA', 3001)
  await until(() => told.length > 0)
  expect(urls()).toEqual(['ws://[::1]:3001/metrics'])
})

test('SRV records name hosts and ports; what is no host is left out and counted', async () => {
  answer.records = [srv(3001, 'one.agents.test'), srv(3002, 'two.agents.test'), srv(0, 'no.port.test')]
  const { source, told, urls, until } = watch('SRV')
  await until(() => told.length > 0)
  expect(urls()!.toSorted()).toEqual([
    'ws://one.agents.test:3001/metrics',
    'ws://two.agents.test:3002/metrics',
  ])
  expect(source.stats().leftOut).toBe(1)
})

test('a failing server changes nothing; nobody is believed the second time', async () => {
  answer.records = [a('127.0.0.2')]
  const { source, told, until } = watch('A', 3001)
  await until(() => told.length > 0)
  answer = { code: serverFailure, records: [] }
  const before = source.stats().failures
  await until(() => source.stats().failures > before + 1)
  expect(told.at(-1)).toHaveLength(1)
  answer = { code: nameError, records: [] }
  const asked = questions
  await until(() => told.at(-1)!.length === 0)
  expect(questions).toBeGreaterThanOrEqual(asked + 2)
})

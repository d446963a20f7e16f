import { expect, test } from 'vitest'
import { readCpuTimes, readDisks, readInterfaces, readMemory } from './read-proc.ts'

test('CPU times, of which guest time is part', () => {
  const text = 'cpu  100 0 50 800 40 0 10 0 30 0\ncpu0 50 0 25 400 20 0 5 0 15 0\nintr 1 2\nctxt 5\n'
  expect([...readCpuTimes(text)]).toEqual([
    ['', { total: 1_000, busy: 160 }],
    ['0', { total: 500, busy: 80 }],
  ])
})

test('memory in bytes', () => {
  const memory = readMemory('MemTotal:        4000 kB\nMemAvailable:    1000 kB\nHugePages_Total:       0\n')
  expect([...memory]).toEqual([
    ['MemTotal', 4_096_000],
    ['MemAvailable', 1_024_000],
  ])
})

test('interfaces without loopback', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0
  eth0:1000 1 0 0 0 0 0 0 2000 2 0 0 0 0 0 0
`
  expect(readInterfaces(text)).toEqual([{ name: 'eth0', inBytes: 1_000, outBytes: 2_000 }])
})

test('disks without their partitions', () => {
  const text =
    '   8       0 sda 1 2 30 4 5 6 70 8 9 10 11\n   8       1 sda1 1 2 30 4 5 6 70 8 9 10 11\n 259 0 nvme0n1 1 2 3 4 5 6 7 8\n'
  expect(readDisks(text)).toEqual([
    { name: 'sda', inBytes: 15_360, outBytes: 35_840 },
    { name: 'nvme0n1', inBytes: 1_536, outBytes: 3_584 },
  ])
})

import { expect, test } from 'vitest'
import { parseBootMs, parseCpu, parseDisks, parseMemory, parseMounts, parseNetwork } from './parse-proc.ts'

test('CPU seconds by mode, interrupts of both kinds together, and when the machine started', () => {
  const stat = 'cpu  1000 20 300 4000 50 6 7 8 0 0\ncpu0 1 1 1 1\nintr 1\nbtime 1795204923\n'
  expect(parseCpu(stat)).toEqual({
    user: 10,
    nice: 0.2,
    system: 3,
    idle: 40,
    iowait: 0.5,
    interrupt: 0.13,
    steal: 0.08,
  })
  expect(parseBootMs(stat)).toBe(1_795_204_923_000)
  expect(parseCpu('nonsense')).toBeUndefined()
})

test('memory by state adds up to the whole', () => {
  const memory = parseMemory(
    'MemTotal:  1000 kB\nMemFree:  300 kB\nBuffers:  50 kB\nCached:  100 kB\nSwapCached: 7 kB\nSReclaimable:  50 kB\n',
  )!
  expect(memory).toEqual({ used: 500 * 1024, free: 300 * 1024, buffers: 50 * 1024, cached: 150 * 1024 })
  expect(parseMemory('')).toBeUndefined()
})

test('network interfaces, but neither the loopback nor the ends of containers', () => {
  const dev = `Inter-|   Receive                      |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 45 9 0 0 0 0 0 0 45 9 0 0 0 0 0 0
  eth0:123 4 0 0 0 0 0 0 567 8 0 0 0 0 0 0
veth12: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0
broken: x
`
  expect(parseNetwork(dev)).toEqual([{ name: 'eth0', inBytes: 123, outBytes: 567 }])
})

test('whole disks: partitions, loops and what is made of other disks are none', () => {
  const disks = ['loop0', 'sda', 'sda1', 'nvme0n1', 'nvme0n1p2', 'xvda1', 'dm-0', 'zram0']
    .map((name, index) => ` 8 ${index} ${name} 10 1 200 3 20 1 400 5 0 6 7 0 0 0 0`)
    .join('\n')
  expect(parseDisks(disks)).toEqual(
    ['sda', 'nvme0n1', 'xvda1'].map((name) => ({
      name,
      reads: 10,
      writes: 20,
      inBytes: 200 * 512,
      outBytes: 400 * 512,
    })),
  )
})

test('mounts of local disks, each once, and the root; none over a network', () => {
  const mounts = `overlay / overlay rw,relatime 0 0
proc /proc proc rw 0 0
/dev/vda1 /etc/hosts ext4 rw,relatime 0 0
/dev/vda1 /var/my\\040data ext4 ro 0 0
/dev/sdb /mnt/my\\040disk xfs ro,noatime 0 0
server:/export /mnt/nfs nfs4 rw 0 0
/dev/loop3 /snap/x squashfs ro 0 0
`
  expect(parseMounts(mounts)).toEqual([
    { device: 'overlay', point: '/', type: 'overlay', mode: 'rw' },
    { device: '/dev/vda1', point: '/etc/hosts', type: 'ext4', mode: 'rw' },
    { device: '/dev/sdb', point: '/mnt/my disk', type: 'xfs', mode: 'ro' },
  ])
})

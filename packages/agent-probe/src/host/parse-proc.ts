/** Texts of Linux's /proc, as numbers. What is malformed is left out: other kernels have other columns. */

/** `/proc` counts CPU time in hundredths of a second, whatever the kernel's own clock (USER_HZ). */
const ticksPerSecond = 100
/** `/proc/diskstats` counts sectors of 512 bytes, whatever the disk's own (Documentation/admin-guide/iostats). */
const sectorBytes = 512

export type CpuSeconds = Readonly<Record<string, number>>

/** Seconds of all CPUs by `cpu.mode`, from `/proc/stat`. Guests are part of `user` there. */
export const parseCpu = (stat: string): CpuSeconds | undefined => {
  const line = /^cpu +(.+)$/m.exec(stat)?.[1]
  if (line === undefined) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .map((ticks) => Number(ticks) / ticksPerSecond)
  return { user, nice, system, idle, iowait, interrupt: irq + softirq, steal }
}

/** When the machine started, in milliseconds since 1970. */
export const parseBootMs = (stat: string): number | undefined => {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** Bytes by `system.memory.state`, from `/proc/meminfo`; they add up to the machine's memory. */
export const parseMemory = (meminfo: string): Readonly<Record<string, number>> | undefined => {
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024
  const total = bytes('MemTotal')
  if (total === 0) return undefined
  const free = bytes('MemFree')
  const buffers = bytes('Buffers')
  const cached = bytes('Cached') + bytes('SReclaimable')
  return { used: Math.max(0, total - free - buffers - cached), free, buffers, cached }
}

export interface Transfer {
  readonly name: string
  readonly inBytes: number
  readonly outBytes: number
}

/** One end of each container's cable, made and gone with it: the other end is the container's own to tell. */
const isPassing = (name: string) => name === 'lo' || name.startsWith('veth')

/** Interfaces of `/proc/net/dev` but for the loopback. */
export const parseNetwork = (dev: string): Transfer[] =>
  dev.split('\n').flatMap((line) => {
    const [, name, rest] = /^\s*([^:\s]+):\s*(.+)$/.exec(line) ?? []
    if (name === undefined || rest === undefined || isPassing(name)) return []
    const columns = rest.trim().split(/\s+/).map(Number)
    const [inBytes = Number.NaN] = columns
    const outBytes = columns[8] ?? Number.NaN
    return Number.isFinite(inBytes) && Number.isFinite(outBytes) ? [{ name, inBytes, outBytes }] : []
  })

export interface DiskTransfer extends Transfer {
  readonly reads: number
  readonly writes: number
}

/** In memory, or made of other disks, which would count twice. */
const isVirtual = (name: string) => /^(?:loop|ram|zram|sr|fd|dm-|md)\d*/.test(name)

/** Whole disks of `/proc/diskstats`: a partition, known by its disk's name before its own, is part of one. */
export const parseDisks = (diskstats: string): DiskTransfer[] => {
  const rows = diskstats.split('\n').flatMap((line) => {
    const [, , name, ...columns] = line.trim().split(/\s+/)
    return name === undefined || columns.length < 11 || isVirtual(name)
      ? []
      : [{ name, columns: columns.map(Number) }]
  })
  const names = rows.map(({ name }) => name)
  const isPartition = (name: string) =>
    names.some((disk) => name.startsWith(disk) && /^p?\d+$/.test(name.slice(disk.length)))
  return rows
    .filter(({ name }) => !isPartition(name))
    .map(({ name, columns: [reads = 0, , readSectors = 0, , writes = 0, , writtenSectors = 0] }) => ({
      name,
      reads,
      writes,
      inBytes: readSectors * sectorBytes,
      outBytes: writtenSectors * sectorBytes,
    }))
}

export interface Mount {
  readonly device: string
  readonly point: string
  readonly type: string
  readonly mode: 'ro' | 'rw'
}

/** Spaces and the like are octal there. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/**
 * Where disks of this machine are mounted, from `/proc/self/mounts`, each disk once, and the root whatever it is.
 * None of the network's: asking a server that is away for its free space would stop the agent.
 */
export const parseMounts = (mounts: string): Mount[] => {
  const seen = new Set<string>()
  return mounts.split('\n').flatMap((line): Mount[] => {
    const [device = '', point = '', type = '', options = ''] = line.split(' ')
    const isLocal = device.startsWith('/dev/') || (point === '/' && /^(?:overlay|zfs|btrfs)$/.test(type))
    if (!isLocal || device.startsWith('/dev/loop') || seen.has(device)) return []
    seen.add(device)
    const mode = options.split(',').includes('ro') ? 'ro' : 'rw'
    return [{ device: unescaped(device), point: unescaped(point), type, mode }]
  })
}

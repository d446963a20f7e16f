/** Jiffies of a CPU since it started, by what they went to. */
export interface CpuTimes {
  readonly busy: number
  readonly total: number
}

/** `/proc/stat`: `cpu` is all of them, then each by its number (proc_stat(5)). Guest time is in user time already. */
export function readCpuTimes(text: string): Map<string, CpuTimes> {
  const found = new Map<string, CpuTimes>()
  for (const [, name, numbers] of text.matchAll(/^cpu(\d*) +([\d ]+)$/gm)) {
    const times = numbers!.split(' ').map(Number)
    const total = times.slice(0, 8).reduce((sum, time) => sum + time, 0)
    // Idle, and idle while waiting for a disk.
    found.set(name!, { total, busy: total - (times[3] ?? 0) - (times[4] ?? 0) })
  }
  return found
}

/** `/proc/meminfo` in bytes by its own names (proc_meminfo(5)). */
export function readMemory(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+): +(\d+) kB$/gm)].map(([, name, kib]) => [name!, Number(kib) * 1_024]),
  )
}

export interface Traffic {
  readonly name: string
  /** Bytes received or read. */
  readonly inBytes: number
  /** Bytes sent or written. */
  readonly outBytes: number
}

/** `/proc/net/dev` without the loopback interface (proc_net(5)). */
export function readInterfaces(text: string): Traffic[] {
  return [...text.matchAll(/^ *([^\s:]+): *([\d ]+)$/gm)]
    .map(([, name, numbers]) => {
      const columns = numbers!.trim().split(/ +/).map(Number)
      return { name: name!, inBytes: columns[0] ?? 0, outBytes: columns[8] ?? 0 }
    })
    .filter(({ name }) => name !== 'lo')
}

const sectorBytes = 512

/** `/proc/diskstats`: whole disks alone, their partitions would count twice (proc_diskstats(5)). */
export function readDisks(text: string): Traffic[] {
  return [...text.matchAll(/^ *\d+ +\d+ +(\S+) +([\d ]+)$/gm)]
    .filter(([, name]) => /^(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name!))
    .map(([, name, numbers]) => {
      const columns = numbers!.split(' ').map(Number)
      return {
        name: name!,
        inBytes: (columns[2] ?? 0) * sectorBytes,
        outBytes: (columns[6] ?? 0) * sectorBytes,
      }
    })
}

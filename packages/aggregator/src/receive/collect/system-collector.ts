import { readFile, statfs } from 'node:fs/promises'
import { cpus, freemem, loadavg, totalmem } from 'node:os'
import { hostAttributeNames as attribute, hostMetricNames as name } from '@perfmon/protocol'
import { type CollectedPoint, type Collector, counter, gauge } from './collector.ts'
import type { CollectorLevel } from './collector-settings.ts'
import {
  type CpuTimes,
  readCpuTimes,
  readDisks,
  readInterfaces,
  readMemory,
  type Traffic,
} from './read-proc.ts'

const mostParts = 64

/**
 * The machine that the aggregator runs on, under the names of semantic conventions 1.44. From `/proc` where there is one,
 * else what `node:os` knows: CPU, memory and load. Disk space is that of the data directory, which is what ends the
 * aggregator when it ends.
 */
export function systemCollector({ level, dataDir }: { level: CollectorLevel; dataDir: string }): Collector {
  let before = new Map<string, CpuTimes>()

  async function proc(file: string): Promise<string> {
    return await readFile(`/proc/${file}`, 'utf8').catch(() => '')
  }

  function cpu(now: Map<string, CpuTimes>): CollectedPoint[] {
    const points: CollectedPoint[] = []
    for (const [number, times] of now) {
      const last = before.get(number)
      const elapsed = last ? times.total - last.total : 0
      if (!last || elapsed <= 0 || (number !== '' && level !== 'detailed') || points.length > mostParts)
        continue
      const share = Math.min(1, Math.max(0, (times.busy - last.busy) / elapsed))
      // The whole has no number of a CPU: 1 is all of them busy.
      const attributes = number === '' ? {} : { 'cpu.logical_number': Number(number) }
      points.push(gauge(name.cpuUtilization, '1', share, attributes))
    }
    before = now
    return points
  }

  function traffic(
    metric: string,
    parts: readonly Traffic[],
    part: string,
    direction: string,
    words: [string, string],
  ) {
    if (parts.length === 0) return []
    const told = (of: Traffic, attributes: Record<string, string>) => [
      counter(metric, 'By', of.inBytes, { ...attributes, [direction]: words[0] }),
      counter(metric, 'By', of.outBytes, { ...attributes, [direction]: words[1] }),
    ]
    if (level === 'detailed')
      return parts.slice(0, mostParts).flatMap((one) => told(one, { [part]: one.name }))
    const sum = (of: 'inBytes' | 'outBytes') => parts.reduce((total, one) => total + one[of], 0)
    return told({ name: '', inBytes: sum('inBytes'), outBytes: sum('outBytes') }, {})
  }

  async function disk(): Promise<CollectedPoint[]> {
    const stats = await statfs(dataDir).catch(() => undefined)
    if (!stats || stats.blocks === 0) return []
    const used = (stats.blocks - stats.bfree) * stats.bsize
    const available = stats.bavail * stats.bsize
    const points = [gauge('system.filesystem.utilization', '1', used / (used + available))]
    if (level === 'minimal') return points
    return [
      ...points,
      gauge(name.filesystemUsage, 'By', used, { [attribute.filesystemState]: 'used' }),
      gauge(name.filesystemUsage, 'By', available, { [attribute.filesystemState]: 'free' }),
    ]
  }

  return {
    async collect() {
      const [stat, meminfo, ownDisk] = await Promise.all([proc('stat'), proc('meminfo'), disk()])
      const memory = readMemory(meminfo)
      const total = memory.get('MemTotal') ?? totalmem()
      const available = memory.get('MemAvailable') ?? freemem()
      const points = [
        ...cpu(stat === '' ? timesOfNode() : readCpuTimes(stat)),
        gauge(name.memoryUtilization, '1', 1 - available / total),
        ...ownDisk,
      ]
      if (level === 'minimal') return points
      const [net, diskstats] = await Promise.all([proc('net/dev'), proc('diskstats')])
      return [
        ...points,
        gauge(name.memoryUsage, 'By', total - available, { [attribute.memoryState]: 'used' }),
        // Loads are the system's own averages over one minute and a quarter of an hour.
        gauge('system.cpu.load_average.1m', '{thread}', loadavg()[0]!),
        gauge('system.cpu.load_average.15m', '{thread}', loadavg()[2]!),
        ...traffic(
          name.networkIo,
          readInterfaces(net),
          attribute.networkInterface,
          attribute.networkDirection,
          ['receive', 'transmit'],
        ),
        ...traffic(name.diskIo, readDisks(diskstats), attribute.device, attribute.diskDirection, [
          'read',
          'write',
        ]),
      ]
    },
  }
}

function timesOfNode(): Map<string, CpuTimes> {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq
    total += all
    busy += all - times.idle
  }
  return new Map([['', { busy, total }]])
}

import { readFileSync, statfsSync } from 'node:fs'
import { cpus, freemem, totalmem } from 'node:os'
import { AggregationTemporality, type MetricData } from '@opentelemetry/sdk-metrics'
import { attributeNames, hostAttributeNames, hostMetricNames } from '@perfmon/protocol/names'
import {
  counter,
  type Descriptor,
  gauge,
  type Point,
  toHrTime,
  upDownSum,
  type Window,
} from '../collect/metric-data.ts'
import {
  type CpuSeconds,
  parseBootMs,
  parseCpu,
  parseDisks,
  parseMemory,
  parseMounts,
  parseNetwork,
} from './parse-proc.ts'

/** Most interfaces, disks and file systems that are told, each: a container host can have thousands. */
const maxOfEach = 16

const cumulative = AggregationTemporality.CUMULATIVE

const describe = (name: string, description: string, unit: string, integer = false): Descriptor => ({
  name,
  description,
  unit,
  integer,
})
const cpuTime = describe(hostMetricNames.cpuTime, 'CPU seconds of the machine, all CPUs together', 's')
const cpuUtilization = describe(
  hostMetricNames.cpuUtilization,
  'Share of all CPUs since the last report',
  '1',
)
const memoryUsage = describe(hostMetricNames.memoryUsage, 'Memory of the machine', 'By', true)
const memoryUtilization = describe(hostMetricNames.memoryUtilization, 'Share of the memory', '1')
const networkIo = describe(hostMetricNames.networkIo, 'Bytes of the network interfaces', 'By', true)
const diskIo = describe(hostMetricNames.diskIo, 'Bytes of the disks', 'By', true)
const diskOperations = describe(
  hostMetricNames.diskOperations,
  'Operations of the disks',
  '{operation}',
  true,
)
const filesystemUsage = describe(hostMetricNames.filesystemUsage, 'Space of the file systems', 'By', true)

export interface HostFacts {
  /** Text of a file of /proc, `undefined` where there is none. */
  readonly read: (path: string) => string | undefined
  /** Size and what is free of it, for all and for unprivileged users, in blocks of a size. */
  readonly space: (
    point: string,
  ) => { bsize: number; blocks: number; bfree: number; bavail: number } | undefined
}

const quietly = <Value>(look: () => Value): Value | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}

/** This machine. Files of /proc are made when they are read, without waiting: about 0.1 ms for all of them. */
export const thisHost: HostFacts = {
  read: (path) => quietly(() => readFileSync(path, 'latin1')),
  space: (point) => quietly(() => statfsSync(point)),
}

/** What `node:os` knows, where there is no /proc. */
const cpuByOs = (): CpuSeconds => {
  const seconds: Record<string, number> = { user: 0, nice: 0, system: 0, idle: 0, interrupt: 0 }
  for (const { times } of cpus()) {
    seconds['user']! += times.user / 1000
    seconds['nice']! += times.nice / 1000
    seconds['system']! += times.sys / 1000
    seconds['idle']! += times.idle / 1000
    seconds['interrupt']! += times.irq / 1000
  }
  return seconds
}
const memoryByOs = () => ({ used: totalmem() - freemem(), free: freemem() })

const total = (parts: Readonly<Record<string, number>>) =>
  Object.values(parts).reduce((sum, part) => sum + part, 0)

/**
 * The machine's metrics, cumulative since it started. No child process and nothing that waits for a network,
 * unlike the packages that are commonly used for this.
 */
export const createHostMetrics = (host: HostFacts = thisHost): ((window: Window) => MetricData[]) => {
  let lastCpu: CpuSeconds | undefined

  const shares = (now: CpuSeconds): Point[] => {
    const before = lastCpu
    lastCpu = now
    const passed = before === undefined ? 0 : total(now) - total(before)
    if (before === undefined || passed <= 0) return []
    return Object.entries(now).map(([mode, seconds]) => ({
      // A CPU that was taken offline takes its seconds with it.
      value: Math.min(1, Math.max(0, (seconds - (before[mode] ?? 0)) / passed)),
      attributes: { [attributeNames.cpuMode]: mode },
    }))
  }

  const filesystems = (): Point[] =>
    parseMounts(host.read('/proc/self/mounts') ?? '')
      .slice(0, maxOfEach)
      .flatMap(({ device, point, type, mode }) => {
        const space = host.space(point)
        if (space === undefined) return []
        const { bsize, blocks, bfree, bavail } = space
        const states = { used: blocks - bfree, free: bavail, reserved: bfree - bavail }
        return Object.entries(states).map(([state, count]) => ({
          value: count * bsize,
          attributes: {
            [hostAttributeNames.device]: device,
            [hostAttributeNames.filesystemMountpoint]: point,
            [hostAttributeNames.filesystemType]: type,
            [hostAttributeNames.filesystemMode]: mode,
            [hostAttributeNames.filesystemState]: state,
          },
        }))
      })

  return (agentWindow) => {
    const stat = host.read('/proc/stat')
    const bootMs = stat === undefined ? undefined : parseBootMs(stat)
    // The machine's counters are as old as the machine.
    const window = bootMs === undefined ? agentWindow : { ...agentWindow, startTime: toHrTime(bootMs) }
    const cpu = (stat === undefined ? undefined : parseCpu(stat)) ?? cpuByOs()
    const memory = parseMemory(host.read('/proc/meminfo') ?? '') ?? memoryByOs()
    const memoryTotal = total(memory)
    const interfaces = parseNetwork(host.read('/proc/net/dev') ?? '').slice(0, maxOfEach)
    const disks = parseDisks(host.read('/proc/diskstats') ?? '').slice(0, maxOfEach)

    const byMode = Object.entries(cpu).map(([mode, value]) => ({
      value,
      attributes: { [attributeNames.cpuMode]: mode },
    }))
    const byState = (share: (bytes: number) => number): Point[] =>
      Object.entries(memory).map(([state, bytes]) => ({
        value: share(bytes),
        attributes: { [hostAttributeNames.memoryState]: state },
      }))
    const both = (
      device: string,
      name: string,
      direction: string,
      [first, one]: [string, number],
      [second, other]: [string, number],
    ) => [
      { value: one, attributes: { [device]: name, [direction]: first } },
      { value: other, attributes: { [device]: name, [direction]: second } },
    ]
    const network = interfaces.flatMap(({ name, inBytes, outBytes }) =>
      both(
        hostAttributeNames.networkInterface,
        name,
        hostAttributeNames.networkDirection,
        ['receive', inBytes],
        ['transmit', outBytes],
      ),
    )
    const diskBytes = disks.flatMap(({ name, inBytes, outBytes }) =>
      both(
        hostAttributeNames.device,
        name,
        hostAttributeNames.diskDirection,
        ['read', inBytes],
        ['write', outBytes],
      ),
    )
    const diskCalls = disks.flatMap(({ name, reads, writes }) =>
      both(
        hostAttributeNames.device,
        name,
        hostAttributeNames.diskDirection,
        ['read', reads],
        ['write', writes],
      ),
    )
    return [
      counter(cpuTime, byMode, window, cumulative),
      gauge(cpuUtilization, shares(cpu), window),
      upDownSum(
        memoryUsage,
        byState((bytes) => bytes),
        window,
      ),
      gauge(
        memoryUtilization,
        byState((bytes) => bytes / memoryTotal),
        window,
      ),
      counter(networkIo, network, window, cumulative),
      counter(diskIo, diskBytes, window, cumulative),
      counter(diskOperations, diskCalls, window, cumulative),
      upDownSum(filesystemUsage, filesystems(), window),
    ].filter(({ dataPoints }) => dataPoints.length > 0)
  }
}

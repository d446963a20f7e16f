import { metricNames } from '@perfmon/protocol/names'
import type { Descriptor } from './metric-data.ts'

const list = <Names extends string>(descriptors: Record<Names, Descriptor>) => descriptors

/** Everything the probe reports, with its unit (UCUM). Names of semantic conventions where one exists. */
export const metricList = list({
  cpuTime: {
    name: metricNames.processCpuTime,
    description: 'CPU seconds used by the process',
    unit: 's',
  },
  memoryUsage: {
    name: metricNames.processMemoryUsage,
    description: 'Resident memory of the process',
    unit: 'By',
    integer: true,
  },
  memoryUtilization: {
    name: metricNames.processMemoryUtilization,
    description: 'Resident memory over the limit of the container, else of the machine',
    unit: '1',
  },
  heapLimit: {
    name: metricNames.heapLimit,
    description: 'Largest size of the V8 heap',
    unit: 'By',
    integer: true,
  },
  heapUsed: {
    name: metricNames.heapUsed,
    description: 'Used bytes of the V8 heap by space',
    unit: 'By',
    integer: true,
  },
  loopUtilization: {
    name: metricNames.eventLoopUtilization,
    description: 'Share of time that the event loop was busy since the last report',
    unit: '1',
  },
  loopTime: {
    name: metricNames.eventLoopTime,
    description: 'Time that the event loop was active or idle',
    unit: 's',
  },
  gcDuration: {
    name: metricNames.gcDuration,
    description: 'Duration of garbage collections',
    unit: 's',
  },
  uptime: {
    name: metricNames.processUptime,
    description: 'Seconds since the process started',
    unit: 's',
  },
  serverDuration: {
    name: metricNames.httpServerDuration,
    description: 'Duration of HTTP requests served',
    unit: 's',
  },
  serverActive: {
    name: metricNames.httpServerActiveRequests,
    description: 'HTTP requests being served',
    unit: '{request}',
    integer: true,
  },
  clientDuration: {
    name: metricNames.httpClientDuration,
    description: 'Duration of HTTP requests made',
    unit: 's',
  },
  clientActive: {
    name: metricNames.httpClientActiveRequests,
    description: 'HTTP requests being made',
    unit: '{request}',
    integer: true,
  },
  workersActive: {
    name: metricNames.workersActive,
    description: 'Worker threads that run',
    unit: '{thread}',
    integer: true,
  },
  workersStarted: {
    name: metricNames.workersStarted,
    description: 'Worker threads started',
    unit: '{thread}',
    integer: true,
  },
  workerLoopTime: {
    name: metricNames.workerEventLoopTime,
    description: 'Time that the event loops of worker threads were active or idle',
    unit: 's',
  },
  workerLoopUtilization: {
    name: metricNames.workerEventLoopUtilization,
    description: 'Share of time that the busiest worker thread was busy since the last report',
    unit: '1',
  },
  workerHeapUsed: {
    name: metricNames.workerHeapUsed,
    description: 'Used bytes of the V8 heaps of worker threads',
    unit: 'By',
    integer: true,
  },
  workerHeapUtilization: {
    name: metricNames.workerHeapUtilization,
    description: 'Used over limit of the V8 heap, of the worker thread nearest to its own',
    unit: '1',
  },
  probeCpuTime: {
    name: metricNames.probeCpuTime,
    description: 'CPU seconds that the probe used: to collect and send, and in hooks (estimated)',
    unit: 's',
  },
  probeMemory: {
    name: metricNames.probeMemoryUsage,
    description: 'Memory that the probe holds, estimated',
    unit: 'By',
    integer: true,
  },
  probeSentBytes: {
    name: metricNames.probeSentBytes,
    description: 'Bytes written to the receiver',
    unit: 'By',
    integer: true,
  },
  probeReportBytes: {
    name: metricNames.probeReportBytes,
    description: 'Bytes of reports before compression',
    unit: 'By',
    integer: true,
  },
  probeSentRequests: {
    name: metricNames.probeSentRequests,
    description: 'Requests to the receiver',
    unit: '{request}',
    integer: true,
  },
  probeBudgetUsed: {
    name: metricNames.probeBudgetUsed,
    description: 'Share of its budget that the probe uses',
    unit: '1',
  },
  probeBudgetStep: {
    name: metricNames.probeBudgetStep,
    description: 'Steps below full recording, to keep the budget',
    unit: '{step}',
    integer: true,
  },
  probeBudgetChanges: {
    name: metricNames.probeBudgetChanges,
    description: 'Steps taken to keep the budget',
    unit: '{step}',
    integer: true,
  },
  probeInterval: {
    name: metricNames.probeInterval,
    description: 'Time between two reports of a busy agent',
    unit: 's',
  },
  probeSamplingRatio: {
    name: metricNames.probeSamplingRatio,
    description: 'Share of HTTP requests that are recorded',
    unit: '1',
  },
  droppedPoints: {
    name: metricNames.probeDroppedPoints,
    description: 'Points that the probe could not deliver',
    unit: '{data_point}',
    integer: true,
  },
  exit: {
    name: metricNames.agentExit,
    description: 'Exit code of the agent, sent once at its end',
    // Not `1`: a code is no ratio, and Prometheus would name it one.
    unit: '{code}',
    integer: true,
  },
})

export const eventLoopDelay = (part: string): Descriptor => ({
  name: `${metricNames.eventLoopDelayPrefix}${part}`,
  description: `Lateness of the event loop since the last report: ${part}`,
  unit: 's',
})

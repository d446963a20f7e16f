/** Why points did not arrive: a closed list, it becomes an attribute. */
export const dropReasons = ['unreachable', 'timeout', 'refused', 'rejected', 'hook_failed'] as const
export type DropReason = (typeof dropReasons)[number]

/** What the probe itself costs and loses. */
export interface ProbeAccount {
  /** Runs synchronous work of the probe and adds its CPU seconds to the account. */
  charge<Result>(work: () => Result): Result
  cpuSeconds(): number
  /** One request to the receiver: its body before compression, and everything on the wire. */
  sent(request: { bodyBytes: number; wireBytes: number }): void
  sentBytes(): {
    readonly body: number
    readonly wire: number
    readonly requests: number
    readonly last: number
  }
  drop(reason: DropReason, points: number): void
  dropped(): ReadonlyMap<DropReason, number>
}

type ThreadCpuUsage = () => { user: number; system: number }

/** The thread's own CPU clock where Node has one (22.19, 23.9); else the wall clock, never less. */
const readClock = (): (() => number) => {
  const { threadCpuUsage } = process as { threadCpuUsage?: ThreadCpuUsage }
  if (threadCpuUsage === undefined) return () => performance.now() / 1000
  return () => {
    const { user, system } = threadCpuUsage.call(process)
    return (user + system) / 1e6
  }
}

export const createProbeAccount = (): ProbeAccount => {
  const cpuClock = readClock()
  const dropped = new Map<DropReason, number>()
  const sent = { body: 0, wire: 0, requests: 0, last: 0 }
  let cpuSeconds = 0
  return {
    charge(work) {
      const before = cpuClock()
      try {
        return work()
      } finally {
        cpuSeconds += Math.max(0, cpuClock() - before)
      }
    },
    cpuSeconds: () => cpuSeconds,
    sent({ bodyBytes, wireBytes }) {
      sent.body += bodyBytes
      sent.wire += wireBytes
      sent.requests++
      sent.last = bodyBytes
    },
    sentBytes: () => sent,
    drop(reason, points) {
      if (points > 0) dropped.set(reason, (dropped.get(reason) ?? 0) + points)
    },
    dropped: () => dropped,
  }
}

import { readdirSync, readFileSync } from 'node:fs'

/** What Linux says of a process and of a core. Node's own account would be part of what is measured. */
const tasks = (pid) => readdirSync(`/proc/${pid}/task`)

/** The first two fields of `schedstat`: nanoseconds on a core, and nanoseconds ready but waiting for one. */
export const readCpu = (pid) => {
  let cpuMs = 0
  for (const task of tasks(pid)) {
    try {
      cpuMs += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6
    } catch {
      // A thread that has just ended.
    }
  }
  return cpuMs
}

const field = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)

export const readMemoryMb = (pid) => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { rss: (field(text, 'VmRSS') * 1024) / 1e6, anonymous: (field(text, 'RssAnon') * 1024) / 1e6 }
}

/** How often threads of the process went to sleep, which is how often they were woken. */
export const readWakeUps = (pid) =>
  tasks(pid).reduce((sum, task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')
    return sum + field(text, 'voluntary_ctxt_switches')
  }, 0)

export const countThreads = (pid) => tasks(pid).length

/** Milliseconds that a core was not idle, stolen time included. The kernel counts in hundredths of a second. */
export const readCoreBusyMs = (core) => {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`cpu${core} `))
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = line.split(/\s+/).slice(1).map(Number)
  return 10 * (user + nice + system + interrupts + softInterrupts + stolen)
}

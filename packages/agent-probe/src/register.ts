import { readEnvironment } from './configure/agent-environment.ts'
import { isSwitchedOff } from './is-switched-off.ts'
import { startProbe } from './start-probe.ts'

/** Loaded twice (`NODE_OPTIONS` and the command line) it must count once. */
const mark = Symbol.for('perfmon.agent-probe')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isTooOld = major < 22 || (major === 22 && minor < 18)

if (!(mark in globalThis) && !isSwitchedOff(process)) {
  Object.defineProperty(globalThis, mark, { value: true })
  try {
    if (isTooOld) {
      process.stderr.write(
        `perfmon: the probe needs Node 22.18 or newer, this is ${process.versions.node}. The agent is not watched.\n`,
      )
    } else {
      const environment = readEnvironment(process.env)
      // Once more: the configuration file can say so too.
      const { argv, execArgv } = process
      if (!isSwitchedOff({ env: environment.env, argv, execArgv })) startProbe(environment)
    }
  } catch {
    // Better an agent nobody watches than none.
  }
}

import { isSwitchedOff } from './is-switched-off.ts'
import { startProbe } from './start-probe.ts'

/** Loaded twice (`NODE_OPTIONS` and the command line) it must count once. */
const mark = Symbol.for('perfmon.agent-probe')

if (!(mark in globalThis) && !isSwitchedOff(process)) {
  Object.defineProperty(globalThis, mark, { value: true })
  try {
    startProbe()
  } catch {
    // Better an agent nobody watches than none.
  }
}

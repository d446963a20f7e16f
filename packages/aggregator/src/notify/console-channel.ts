import { alertLine } from '@perfmon/core'
import type { Channel } from './channel.ts'

/** Prints one line per alert. `write` gets the line with its end. */
export function consoleChannel(
  write: (line: string) => void,
  renderTime: (timeMs: number) => string,
): Channel {
  return {
    name: 'console',
    async send({ alert }) {
      write(`${renderTime(alert.updatedAtMs)}  ${alertLine(alert)}\n`)
      return { kind: 'sent' }
    },
  }
}

import type { Alert } from '@perfmon/protocol'

/** Control characters, so that an agent's name cannot move the cursor of a terminal or forge a second line. */
const controlCharacters = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu

/** Text from an agent made safe to print in a terminal. */
export function printable(text: string): string {
  return text.replaceAll(controlCharacters, '\u{FFFD}')
}

/** An alert as one line for people: `CRITICAL  worker (demo): worker fails 40 % of its requests`. */
export function alertLine(alert: Alert): string {
  const word = alert.state === 'resolved' ? 'RESOLVED' : alert.severity.toUpperCase()
  const who = `${alert.labels.agent ?? 'unknown'} (${alert.labels.swarm ?? ''})`
  return printable(`${word.padEnd(8)} ${who}: ${alert.summary}`)
}

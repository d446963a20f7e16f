import { styleText } from 'node:util'

/** Where a command writes: what was asked for on stdout, talk on stderr. */
export interface Terminal {
  print(line: string): void
  say(line: string): void
  /** A terminal with a person, not a file or a pipe. */
  readonly isInteractive: boolean
}

export const terminal: Terminal = {
  print: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  isInteractive: process.stdout.isTTY === true && process.stdin.isTTY === true,
}

// styleText itself leaves colours out for NO_COLOR and where the stream is no terminal.
export const strong = (text: string) => styleText('bold', text)
export const quiet = (text: string) => styleText('dim', text)
export const good = (text: string) => styleText('green', text)
export const bad = (text: string) => styleText('red', text)
export const doubtful = (text: string) => styleText('yellow', text)

import { writeSync } from 'node:fs'
import type { LogLevel } from './configure/read-settings.ts'

const ranks: Record<LogLevel, number> = { silent: 0, error: 1, warn: 2, info: 3, debug: 4 }

export type WriteLine = (level: Exclude<LogLevel, 'silent'>, text: string) => void

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const controlCharacters = /[\x00-\x1f\x7f-\x9f]/g

/**
 * The probe's own lines, on standard error. Written at once and past `process.stderr`, which would be
 * opened for this alone, and whose writes at exit may be lost. A full or closed pipe is not our business.
 */
export const createWriteLine =
  (threshold: LogLevel): WriteLine =>
  (level, text) => {
    if (ranks[level] > ranks[threshold]) return
    try {
      writeSync(2, `perfmon: ${text.replace(controlCharacters, ' ')}\n`)
    } catch {
      // There is nobody left to tell.
    }
  }

import { readFile } from 'node:fs/promises'
import { type Mistake, readRules } from '@perfmon/core'
import type { Rule } from '@perfmon/protocol'
import { ConfigurationError } from './configuration.ts'

/** Perfmon's own rules, beside the package's sources and its build alike. */
export const defaultRulesFile = new URL('../rules/default.yaml', import.meta.url)

export interface LoadedRules {
  readonly rules: readonly Rule[]
  readonly files: readonly { readonly file: string; readonly rules: number }[]
}

/**
 * Reads the rules files, or the default rules when none is named.
 *
 * @throws ConfigurationError with every mistake of every file; no rule is used then
 */
export async function loadRules(files: readonly string[] | undefined): Promise<LoadedRules> {
  const named = files ?? [defaultRulesFile]
  const mistakes: Mistake[] = []
  const rules: Rule[] = []
  const loaded: { file: string; rules: number }[] = []
  const owner = new Map<string, string>()
  for (const file of named) {
    const name = file instanceof URL ? 'default rules' : file
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      throw new ConfigurationError(
        `The rules file ${name} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      )
    }
    const reading = readRules(name, text)
    if (reading.rules === null) {
      mistakes.push(...reading.mistakes)
      continue
    }
    for (const rule of reading.rules) {
      const other = owner.get(rule.name)
      if (other) {
        const message = `${rule.name}: ${other} has a rule of this name already.`
        mistakes.push({
          file: name,
          line: 1,
          column: 1,
          code: 'duplicate-rule',
          message,
          remedy: 'Rename one of them.',
        })
      }
      owner.set(rule.name, name)
    }
    rules.push(...reading.rules)
    loaded.push({ file: name, rules: reading.rules.length })
  }
  if (mistakes.length > 0) throw new ConfigurationError('The rules cannot be used.', mistakes)
  return { rules, files: loaded }
}

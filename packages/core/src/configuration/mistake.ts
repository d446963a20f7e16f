/** One mistake in a text that a person wrote: where it is, what is wrong, what to do. Lines and columns count from 1. */
export interface Mistake {
  readonly file: string
  readonly line: number
  readonly column: number
  /** From a closed list per file kind; stable, so that tools can react to it. */
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** One line as compilers print it, so that editors and terminals can jump to it. */
export function renderMistake(mistake: Mistake): string {
  const place = `${mistake.file}:${mistake.line}:${mistake.column}`
  return `${place} ${mistake.code}: ${mistake.message} ${mistake.remedy}`.trimEnd()
}

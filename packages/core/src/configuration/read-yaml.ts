import { isMap, isNode, isPair, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import type { Mistake } from './mistake.ts'

/** A YAML text read against a schema, with the way back from a value to its place in the text. */
export interface YamlReading<T> {
  readonly value: T | undefined
  readonly mistakes: readonly Mistake[]
  /** A mistake at the value that `path` leads to, or at its nearest parent that is written down. */
  mistakeAt(path: readonly PropertyKey[], code: string, message: string, remedy: string): Mistake
}

/** Longest text read, in characters. Ten thousand rules are about a tenth of it. */
const maxTextLength = 10_000_000
/** A person mends the first few; the rest is often the same mistake again. */
const maxMistakes = 20

/**
 * Parses YAML 1.2 and checks it against a zod schema.
 *
 * Mistake codes: `yaml-syntax`, `yaml-alias` (aliases are refused: a small file can unfold to gigabytes),
 * `too-large`, `unknown-key`, `wrong-type`, `missing-key`, `invalid-value`.
 */
export function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): YamlReading<z.output<S>> {
  const lines = new LineCounter()
  const document = parseDocument(text.length > maxTextLength ? '' : text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const mistakeAt = (
    path: readonly PropertyKey[],
    code: string,
    message: string,
    remedy: string,
  ): Mistake => ({
    file,
    ...place(offsetOf(document.contents, path)),
    code,
    message,
    remedy,
  })

  if (text.length > maxTextLength) {
    const message = `The file has ${text.length} characters.`
    return {
      value: undefined,
      mistakes: [mistakeAt([], 'too-large', message, `Split it: at most ${maxTextLength}.`)],
      mistakeAt,
    }
  }
  if (document.errors.length > 0) {
    const mistakes = document.errors.slice(0, maxMistakes).map((error) => ({
      file,
      ...place(error.pos[0]),
      code: 'yaml-syntax',
      message: `This is not YAML: ${error.message.replace(/\s+/g, ' ').trim()}`,
      remedy: 'Check the indentation and the colons of this line and the one above it.',
    }))
    return { value: undefined, mistakes, mistakeAt }
  }

  let alias: number | undefined
  visit(document, {
    Alias(_key, node) {
      alias = node.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  if (alias !== undefined) {
    const message = 'YAML aliases are not allowed.'
    const mistake = {
      file,
      ...place(alias),
      code: 'yaml-alias',
      message,
      remedy: 'Write the value out where it is used.',
    }
    return { value: undefined, mistakes: [mistake], mistakeAt }
  }
  const plain: unknown = document.toJS() ?? {}
  const parsed = schema.safeParse(plain, { reportInput: true })
  if (parsed.success) return { value: parsed.data, mistakes: [], mistakeAt }
  const mistakes = parsed.error.issues.slice(0, maxMistakes).map((issue) => explain(issue, mistakeAt))
  return { value: undefined, mistakes, mistakeAt }
}

function explain(issue: z.core.$ZodIssue, mistakeAt: YamlReading<unknown>['mistakeAt']): Mistake {
  const key = issue.path.length > 0 ? `\`${issue.path.map(String).join('.')}\`` : 'The file'
  if (issue.code === 'unrecognized_keys') {
    const first = issue.keys[0] ?? ''
    return mistakeAt(
      [...issue.path, first],
      'unknown-key',
      `${issue.path.length > 0 ? key : 'The file'} has no key \`${first}\`.`,
      'Check its spelling, or remove it.',
    )
  }
  if (issue.code === 'invalid_type') {
    const missing = issue.input === undefined
    return missing
      ? mistakeAt(issue.path, 'missing-key', `${key} is missing.`, `Give it: ${issue.expected} expected.`)
      : mistakeAt(issue.path, 'wrong-type', `${key} should be ${issue.expected}.`, 'Change its value.')
  }
  if (issue.code === 'invalid_union') {
    // Of several shapes a value may have, a hand-written sentence says more than "invalid input".
    const written = issue.errors.flat().find((inner) => inner.code === 'custom')
    if (written)
      return mistakeAt(issue.path, 'invalid-value', `${key}: ${written.message}.`, 'Change its value.')
  }
  return mistakeAt(issue.path, 'invalid-value', `${key}: ${issue.message}.`, 'Change its value.')
}

/** Offset of the value at `path`; a key that is not there falls back to its parent. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0
  let node: unknown = root
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && String((item.key as Node | null)?.toString()) === String(step),
      )
      if (!pair) return offset
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (isNode(node)) offset = node.range?.[0] ?? offset
    } else return offset
  }
  return offset
}

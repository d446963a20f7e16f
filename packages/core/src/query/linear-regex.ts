import { QueryError } from './query-error.ts'

/** Instructions of a Thompson machine: take a character, go on at one of two places, or accept. */
type Step =
  | { readonly kind: 'take'; readonly accepts: (character: string) => boolean }
  | { readonly kind: 'fork'; readonly next: number; other: number }
  | { readonly kind: 'jump'; next: number }
  | { readonly kind: 'accept' }

const maxPatternLength = 512
const maxSteps = 4096
const maxRepeats = 100

const classes: Readonly<Record<string, (character: string) => boolean>> = {
  d: (character) => character >= '0' && character <= '9',
  w: (character) => /^\w$/.test(character),
  s: (character) => /^\s$/.test(character),
}
const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/**
 * A test for whole texts, as Prometheus anchors its patterns, in time linear in the text: hostile patterns cannot
 * hold up a query as they can JavaScript's own (R. Cox, "Regular Expression Matching Can Be Simple And Fast", 2007).
 * Knows characters, `.`, classes, groups, `|`, `*`, `+`, `?`, `{m,n}` and `\d \w \s` with their opposites.
 *
 * @throws QueryError `bad-query`, with the place, for anything else: look-around and back-references are not linear
 */
export const linearRegex = (pattern: string): ((text: string) => boolean) => {
  if (pattern.length > maxPatternLength)
    throw new QueryError(
      'bad-query',
      `a pattern may have ${maxPatternLength} characters, this has ${pattern.length}`,
    )
  const steps = compile(pattern)
  return (text) => run(steps, text)
}

const compile = (pattern: string): readonly Step[] => {
  const steps: Step[] = []
  let at = 0

  const fail = (reason: string): never => {
    throw new QueryError('bad-query', `pattern ${JSON.stringify(pattern)}, character ${at + 1}: ${reason}`)
  }
  const add = (step: Step): number => {
    if (steps.length >= maxSteps) fail(`it grows to more than ${maxSteps} steps; repeat less`)
    return steps.push(step) - 1
  }

  const alternatives = (): void => {
    const start = steps.length
    branch()
    while (pattern[at] === '|') {
      at += 1
      // What was compiled becomes the first way: a fork is put before it, a jump over the other after it.
      insertFork(start)
      const jump = add({ kind: 'jump', next: 0 })
      ;(steps[start] as { other: number }).other = steps.length
      branch()
      ;(steps[jump] as { next: number }).next = steps.length
    }
  }

  const insertFork = (start: number): void => {
    const moved = steps.splice(start)
    add({ kind: 'fork', next: start + 1, other: 0 })
    for (const step of moved) add(shifted(step, start, 1))
  }

  const branch = (): void => {
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') {
      const start = steps.length
      atom()
      quantifier(start)
    }
  }

  const atom = (): void => {
    const character = pattern[at]!
    at += 1
    if (character === '(') {
      if (pattern[at] === '?') {
        if (pattern[at + 1] !== ':') fail('only groups (…) and (?:…) are known')
        at += 2
      }
      alternatives()
      if (pattern[at] !== ')') fail('a ")" is missing')
      at += 1
    } else if (character === '[') add({ kind: 'take', accepts: characterClass() })
    else if (character === '.') add({ kind: 'take', accepts: (one) => one !== '\n' })
    else if (character === '\\') add({ kind: 'take', accepts: escaped() })
    else if ('*+?{'.includes(character)) fail(`there is nothing for "${character}" to repeat`)
    // Patterns are anchored at both ends anyway.
    else if (character === '^' && at === 1) return
    else if (character === '$' && at === pattern.length) return
    else add({ kind: 'take', accepts: (one) => one === character })
  }

  const escaped = (): ((character: string) => boolean) => {
    const name = pattern[at]
    if (name === undefined) return fail('"\\" stands at the end')
    at += 1
    const known = classes[name.toLowerCase()]
    if (known !== undefined && name === name.toLowerCase()) return known
    if (known !== undefined) return (character) => !known(character)
    if (/[a-zA-Z0-9]/.test(name) && controls[name] === undefined) return fail(`"\\${name}" is not known`)
    const literal = controls[name] ?? name
    return (character) => character === literal
  }

  const characterClass = (): ((character: string) => boolean) => {
    const isNegated = pattern[at] === '^'
    if (isNegated) at += 1
    const parts: ((character: string) => boolean)[] = []
    for (let first = true; pattern[at] !== ']' || first; first = false) {
      const from = pattern[at]
      if (from === undefined) return fail('a "]" is missing')
      at += 1
      if (from === '\\') parts.push(escaped())
      else if (pattern[at] === '-' && pattern[at + 1] !== ']' && pattern[at + 1] !== undefined) {
        const to = pattern[at + 1]!
        at += 2
        if (to < from) fail(`"${from}-${to}" is the wrong way round`)
        parts.push((character) => character >= from && character <= to)
      } else parts.push((character) => character === from)
    }
    at += 1
    return (character) => parts.some((accepts) => accepts(character)) !== isNegated
  }

  const quantifier = (start: number): void => {
    const character = pattern[at]
    if (character === undefined || !'*+?{'.includes(character)) return
    const [least, most] =
      character === '{' ? bounds() : ({ '*': [0, null], '+': [1, null], '?': [0, 1] } as const)[character]!
    if (character !== '{') at += 1
    // A lazy quantifier matches the same texts.
    if (pattern[at] === '?') at += 1
    if (pattern[at] !== undefined && '*+{'.includes(pattern[at]!))
      fail('a repetition is repeated; put it into a group')
    repeat(start, least, most)
  }

  const bounds = (): readonly [number, number | null] => {
    const found = /^\{(\d+)(,(\d*))?\}/.exec(pattern.slice(at))
    if (found === null) return fail('"{" should begin {m}, {m,} or {m,n}')
    at += found[0].length
    const least = Number(found[1])
    const most = found[2] === undefined ? least : found[3] === '' ? null : Number(found[3])
    if (Math.max(least, most ?? 0) > maxRepeats) fail(`at most ${maxRepeats} repetitions`)
    if (most !== null && most < least) fail('the least is more than the most')
    return [least, most]
  }

  const repeat = (start: number, least: number, most: number | null): void => {
    const body = steps.splice(start)
    const copy = (): void => {
      const offset = steps.length - start
      for (const step of body) add(shifted(step, start, offset))
    }
    for (let round = 0; round < least; round += 1) copy()
    if (most === null) {
      const fork = add({ kind: 'fork', next: steps.length + 1, other: 0 })
      copy()
      add({ kind: 'jump', next: fork })
      ;(steps[fork] as { other: number }).other = steps.length
      return
    }
    const forks: number[] = []
    for (let round = least; round < most; round += 1) {
      forks.push(add({ kind: 'fork', next: steps.length + 1, other: 0 }))
      copy()
    }
    for (const fork of forks) (steps[fork] as { other: number }).other = steps.length
  }

  alternatives()
  if (at < pattern.length) fail('a ")" has no "("')
  add({ kind: 'accept' })
  return steps
}

/** A copy with targets from `start` on moved by `offset`. */
const shifted = (step: Step, start: number, offset: number): Step => {
  const target = (next: number): number => (next >= start ? next + offset : next)
  if (step.kind === 'fork') return { kind: 'fork', next: target(step.next), other: target(step.other) }
  return step.kind === 'jump' ? { kind: 'jump', next: target(step.next) } : step
}

/** All places the machine may be at, character by character. */
const run = (steps: readonly Step[], text: string): boolean => {
  const seen = new Int32Array(steps.length).fill(-1)
  let current: number[] = []
  const follow = (start: number, places: number[], mark: number): void => {
    const open = [start]
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (seen[place] === mark) continue
      seen[place] = mark
      const step = steps[place]!
      if (step.kind === 'fork') open.push(step.next, step.other)
      else if (step.kind === 'jump') open.push(step.next)
      else places.push(place)
    }
  }
  follow(0, current, 0)
  let mark = 0
  for (const character of text) {
    mark += 1
    const next: number[] = []
    for (const place of current) {
      const step = steps[place]!
      if (step.kind === 'take' && step.accepts(character)) follow(place + 1, next, mark)
    }
    if (next.length === 0) return false
    current = next
  }
  return current.some((place) => steps[place]!.kind === 'accept')
}

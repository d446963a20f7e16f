/** What a tunable or an argument may be. */
export type Scalar = number | string | boolean

/** Shape of a value: what it may be and how people read it. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
  /** Numbers are `min`, `min + step`, `min + 2 step` and so on. */
  readonly step?: number
  /** UCUM, as in `ms`, `By`, `{request}`. */
  readonly unit?: string
  /** A closed list, instead of `min` and `max`. */
  readonly values?: readonly Scalar[]
  readonly description?: string
}

export interface DeclaredTunable extends Bounds {
  readonly get: () => unknown
  readonly set: (value: never) => unknown
}

export interface DeclaredAction {
  readonly description?: string
  readonly arguments?: Readonly<Record<string, Bounds & { readonly default?: Scalar }>>
  /** Milliseconds; 10,000 when left out. */
  readonly timeLimitMs?: number
  readonly run: (args: Readonly<Record<string, unknown>>) => unknown
  /** Takes a run back. Gets its arguments and its result. */
  readonly undo?: (args: Readonly<Record<string, unknown>>, result: unknown) => unknown
}

interface Declarations {
  readonly tunables: Map<string, DeclaredTunable>
  readonly actions: Map<string, DeclaredAction>
}

/**
 * Under a global symbol: the agent's import of the API and the preloaded probe are separate bundles, an agent may
 * have the API twice, and it works in whatever order they load. Without the probe nobody ever reads it.
 */
const place = Symbol.for('perfmon.agent-probe.declarations.1')

export const declarations = (): Declarations => {
  const holder = globalThis as { [place]?: Declarations }
  if (holder[place] === undefined) {
    Object.defineProperty(holder, place, { value: { tunables: new Map(), actions: new Map() } })
  }
  return holder[place]!
}

/** More than a program writes by hand; a loop that declares one per request is stopped by it. */
export const maxDeclarations = 64
export const namePattern = /^[a-z][a-z0-9._-]{0,63}$/i

const mostComplaints = 8
let complaints = 0

/** A mistake in a declaration is told and costs the agent nothing else: a monitor must not end it. */
export const complain = (message: string): void => {
  if (++complaints > mostComplaints) return
  process.emitWarning(message, { type: 'PerfmonWarning', code: 'PERFMON_BAD_DECLARATION' })
}

/** Adds under a name; a later declaration of the same name takes its place. Returns how to take it away. */
export const declare = <Declared>(
  kind: string,
  list: Map<string, Declared>,
  name: string,
  declared: Declared,
): { unregister(): void } => {
  if (typeof name !== 'string' || !namePattern.test(name)) {
    complain(`${kind} needs a name of letters, digits, ".", "_" and "-", at most 64; it is left out.`)
    return { unregister() {} }
  }
  if (!list.has(name) && list.size >= maxDeclarations) {
    complain(`${kind} ${name} is left out: there are ${maxDeclarations} already. Unregister some.`)
    return { unregister() {} }
  }
  list.set(name, declared)
  return {
    unregister() {
      if (list.get(name) === declared) list.delete(name)
    },
  }
}

/** Lists of all that can be chosen have to fit into one message. */
const maxTextLength = 64

/** Why these bounds cannot be used, or `undefined`. */
export const mistakeInBounds = ({ min, max, step, values }: Bounds): string | undefined => {
  if (values !== undefined) {
    const types = new Set(values.map((value) => typeof value))
    const [type] = types
    if (values.length === 0 || values.length > 64 || types.size !== 1) {
      return 'values must be 1 to 64 of one type'
    }
    if (values.some((value) => typeof value === 'string' && value.length > maxTextLength)) {
      return `texts in values may have at most ${maxTextLength} characters`
    }
    return ['number', 'string', 'boolean'].includes(type!)
      ? undefined
      : 'values must be numbers, texts or booleans'
  }
  if (!Number.isFinite(min) || !Number.isFinite(max) || min! > max!) {
    return 'it needs numbers min and max, or a list of values'
  }
  return step === undefined || (Number.isFinite(step) && step > 0) ? undefined : 'step must be above 0'
}

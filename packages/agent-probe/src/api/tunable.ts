import {
  type Bounds,
  complain,
  type DeclaredTunable,
  declarations,
  declare,
  mistakeInBounds,
  type Scalar,
} from './declarations.ts'

export interface TunableOptions<Value extends Scalar> extends Bounds {
  /** What is in force now. May be asynchronous. */
  readonly get: () => Value | Promise<Value>
  /** Brings it about; it is read back afterwards. May be asynchronous; what it throws is told to who asked. */
  readonly set: (value: Value) => unknown
  readonly values?: readonly Value[]
}

/**
 * Declares a number, text or boolean of this agent that may be changed from outside while it runs, within bounds:
 *
 *     tunable('batch-size', { get: () => size, set: (next) => { size = next }, min: 1, max: 100, step: 1 })
 *
 * To declare it is to allow it: whoever may ask this agent (its token, or this machine) may set it within the
 * bounds. Numbers need `min` and `max`, texts and booleans `values`. Never throws: a declaration that cannot be used
 * is told as a process warning and left out. Without the probe it does nothing.
 */
export const tunable = <Value extends Scalar>(
  name: string,
  options: TunableOptions<Value>,
): { unregister(): void } => {
  const mistake =
    typeof options?.get !== 'function' || typeof options.set !== 'function'
      ? 'it needs get and set'
      : mistakeInBounds(options)
  if (mistake !== undefined) {
    complain(`Tunable ${String(name)} is left out: ${mistake}.`)
    return { unregister() {} }
  }
  return declare('A tunable', declarations().tunables, name, options as unknown as DeclaredTunable)
}

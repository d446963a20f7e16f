import type { ActionArgs, ActionArgument, ActionScalar } from '@perfmon/protocol'
import type { Bounds } from '../api/declarations.ts'
import { ActionError } from './action-error.ts'

/** Bounds as the protocol lists them. */
export const describeBounds = ({ min, max, step, unit, values, description }: Bounds): ActionArgument => ({
  type:
    values === undefined || typeof values[0] === 'number'
      ? 'number'
      : typeof values[0] === 'string'
        ? 'text'
        : 'boolean',
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
  ...(step !== undefined && { step }),
  ...(unit !== undefined && { unit: String(unit).slice(0, 32) }),
  ...(values !== undefined && { values: [...values] }),
  ...(description !== undefined && { description: String(description).slice(0, 160) }),
})

const typeNames = {
  number: 'a finite number',
  text: 'text',
  boolean: 'true or false',
  any: 'a number, text or boolean',
}

const hasType = (value: unknown, type: ActionArgument['type']): value is ActionScalar => {
  if (type === 'any') return ['number', 'string', 'boolean'].includes(typeof value)
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value)
  return typeof value === (type === 'text' ? 'string' : 'boolean')
}

/** `value` divided into steps from `min` leaves this share of a step at most: what floating point makes of 0.1. */
const stepTolerance = 1e-6

const isOnStep = (value: number, min: number, step: number): boolean => {
  const steps = (value - min) / step
  return Math.abs(steps - Math.round(steps)) <= stepTolerance
}

/** @throws ActionError `invalid-argument` for another type, `out-of-bounds` for what is beyond them */
export const checkValue = (name: string, value: unknown, bounds: ActionArgument): ActionScalar => {
  const { type, min, max, step, values } = bounds
  if (!hasType(value, type)) throw new ActionError('invalid-argument', `${name} must be ${typeNames[type]}`)
  if (values !== undefined && !values.includes(value)) {
    throw new ActionError('out-of-bounds', `${name} must be one of ${values.join(', ').slice(0, 200)}`)
  }
  if (type === 'any') return value
  if (typeof value !== 'number') {
    if (type === 'text' && values === undefined && (value as string).length > 200) {
      throw new ActionError('out-of-bounds', `${name} must have at most 200 characters`)
    }
    return value
  }
  if (values === undefined && (value < min! || value > max!)) {
    throw new ActionError('out-of-bounds', `${name} must be from ${min} to ${max}`)
  }
  if (step !== undefined && !isOnStep(value, min ?? 0, step)) {
    throw new ActionError('out-of-bounds', `${name} must be ${min ?? 0} and steps of ${step}`)
  }
  return value
}

/**
 * Arguments as an action wants them: all known, all within bounds, defaults filled in. An argument without a
 * default and without a value is left out.
 *
 * @throws ActionError
 */
export const checkArguments = (
  given: unknown,
  wanted: Readonly<Record<string, ActionArgument>>,
): ActionArgs => {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new ActionError('invalid-argument', 'args must be an object')
  }
  const args = (given ?? {}) as Record<string, unknown>
  for (const name of Object.keys(args)) {
    if (Object.hasOwn(wanted, name)) continue
    const known = Object.keys(wanted).join(', ') || 'none'
    throw new ActionError('invalid-argument', `There is an argument too many; known are: ${known}`)
  }
  const checked: ActionArgs = {}
  for (const [name, bounds] of Object.entries(wanted)) {
    const value = args[name] ?? bounds.default
    if (value !== undefined && value !== null) checked[name] = checkValue(name, value, bounds)
  }
  return checked
}

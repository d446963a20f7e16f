import { MalformedBody } from './metric-sink.ts'

/** An object out of JSON.parse, before anybody has looked at it. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Where a reader is: keys and indexes from the top. Pushed and popped on the way, joined only for an error. */
export type JsonPlace = (string | number)[]

/** Everything here reads one field of proto3 JSON; null and absent both mean the field's default, undefined. */
export function malformed(place: JsonPlace, field: string | number, wanted: string): MalformedBody {
  const path = [...place, field].map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return new MalformedBody(`${path.replace(/^\./, '') || 'The body'} must be ${wanted}.`)
}

export function readObject(place: JsonPlace, field: string | number, value: unknown): JsonObject | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(place, field, 'an object')
  return value as JsonObject
}

const empty: readonly unknown[] = []

export function readArray(place: JsonPlace, field: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return empty
  if (!Array.isArray(value)) throw malformed(place, field, 'an array')
  return value
}

export function readText(place: JsonPlace, field: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  throw malformed(place, field, 'a string')
}

export function readFlag(place: JsonPlace, field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === undefined || value === null) return false
  throw malformed(place, field, 'true or false')
}

/** A double, or one of the strings that proto3 JSON has for what JSON cannot write. */
export function readNumber(place: JsonPlace, field: string | number, value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value === undefined || value === null) return undefined
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity') return Number.POSITIVE_INFINITY
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY
  if (typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value)
  throw malformed(place, field, 'a number, or "NaN", "Infinity" or "-Infinity"')
}

/** A 64-bit or 32-bit integer, as a number or as a string of digits; beyond 2^53 the nearest double. */
export function readInteger(
  place: JsonPlace,
  field: string | number,
  value: unknown,
  range: { readonly lowest: number; readonly highest: number; readonly name: string },
): number | undefined {
  if (value === undefined || value === null) return undefined
  const isInteger = typeof value === 'number' ? Number.isInteger(value) : isDigits(value)
  const integer = Number(value)
  if (!isInteger || integer < range.lowest || integer > range.highest) {
    throw malformed(place, field, `a ${range.name}, or one in a string`)
  }
  return integer
}

const isDigits = (value: unknown): value is string => typeof value === 'string' && /^-?\d{1,20}$/.test(value)

/** 64-bit ones are not bounded: OpenTelemetry for JavaScript writes `{"intValue":1e300}` for such an attribute. */
export const integerRange = {
  int64: { lowest: Number.NEGATIVE_INFINITY, highest: Number.POSITIVE_INFINITY, name: '64-bit integer' },
  uint64: { lowest: 0, highest: Number.POSITIVE_INFINITY, name: '64-bit integer that is not negative' },
  int32: { lowest: -(2 ** 31), highest: 2 ** 31 - 1, name: '32-bit integer' },
  uint32: { lowest: 0, highest: 2 ** 32 - 1, name: '32-bit integer that is not negative' },
} as const

/** Unix nanoseconds as milliseconds. Digits are cut in two, since as one double they round to 256 ns. */
export function readNanosAsMs(place: JsonPlace, field: string, value: unknown): number {
  if (typeof value === 'string' && value.length > 6 && /^\d{7,20}$/.test(value)) {
    const cut = value.length - 6
    return Number(value.slice(0, cut)) + Number(value.slice(cut)) / 1e6
  }
  return (readInteger(place, field, value, integerRange.uint64) ?? 0) / 1e6
}
